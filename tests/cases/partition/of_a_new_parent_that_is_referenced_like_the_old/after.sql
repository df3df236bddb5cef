CREATE TABLE all_orders (place integer, number integer) PARTITION BY LIST (place);
CREATE TABLE orders_north PARTITION OF all_orders FOR VALUES IN (1);
CREATE UNIQUE INDEX orders_once ON all_orders (place);
CREATE TABLE all_bills (place integer, amount integer) PARTITION BY LIST (place);
CREATE TABLE bills_north PARTITION OF all_bills FOR VALUES IN (1);
CREATE UNIQUE INDEX bills_once ON all_bills (place);
ALTER TABLE all_bills ADD CONSTRAINT ordered FOREIGN KEY (place) REFERENCES all_orders (place);
ALTER TABLE all_orders ADD CONSTRAINT billed FOREIGN KEY (place) REFERENCES all_bills (place);
