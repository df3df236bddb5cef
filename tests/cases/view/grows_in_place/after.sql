CREATE TABLE item (id int PRIMARY KEY, price int, made date);
CREATE VIEW other AS SELECT id, made FROM item;
CREATE VIEW low AS SELECT id, price FROM item WHERE price IS NOT NULL;
CREATE VIEW high WITH (security_invoker = true) AS SELECT id FROM other;
