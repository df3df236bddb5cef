CREATE TABLE ev (id int, kind text) PARTITION BY LIST (kind);
CREATE TABLE ev_a PARTITION OF ev FOR VALUES IN ('a') PARTITION BY RANGE (id);
CREATE TABLE ev_a_1 PARTITION OF ev_a FOR VALUES FROM (0) TO (10);
CREATE TABLE h (k int, row ev_a, leaf ev_a_1, many ev_a[]);
CREATE VIEW v AS SELECT (row).kind FROM h;
