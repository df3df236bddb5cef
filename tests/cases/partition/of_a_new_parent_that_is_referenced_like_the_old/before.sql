CREATE TABLE orders (place integer, number integer) PARTITION BY LIST (place);
CREATE TABLE orders_north PARTITION OF orders FOR VALUES IN (1);
CREATE UNIQUE INDEX orders_once ON orders (place);
CREATE TABLE bills (place integer, amount integer) PARTITION BY LIST (place);
CREATE TABLE bills_north PARTITION OF bills FOR VALUES IN (1);
CREATE UNIQUE INDEX bills_once ON bills (place);
ALTER TABLE bills ADD CONSTRAINT ordered FOREIGN KEY (place) REFERENCES orders (place);
ALTER TABLE orders ADD CONSTRAINT billed FOREIGN KEY (place) REFERENCES bills (place);
