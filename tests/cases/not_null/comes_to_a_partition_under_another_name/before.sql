CREATE TABLE parts (a int, b int) PARTITION BY LIST (b);
CREATE TABLE part (a int, b int);
ALTER TABLE parts ATTACH PARTITION part FOR VALUES IN (1);
