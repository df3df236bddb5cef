CREATE TABLE item (id int PRIMARY KEY, price int);
CREATE VIEW low AS SELECT id FROM item;
CREATE VIEW high WITH (check_option = local) AS SELECT id FROM low WHERE id > 1;
CREATE VIEW other AS SELECT id FROM high;
