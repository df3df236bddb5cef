CREATE TABLE ev (id int, kind text) PARTITION BY LIST (kind);
CREATE TABLE ev_a PARTITION OF ev FOR VALUES IN ('a');
CREATE TABLE h (k int, row ev, many ev[]);
