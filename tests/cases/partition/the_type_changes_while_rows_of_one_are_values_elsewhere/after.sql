CREATE TABLE t (id int, v bigint) PARTITION BY LIST (id);
CREATE TABLE c PARTITION OF t FOR VALUES IN (1);
CREATE TABLE holds (k int, one c);
