CREATE TABLE ev (id int, kind text) PARTITION BY RANGE (id);
CREATE TABLE ev_a PARTITION OF ev FOR VALUES FROM (0) TO (100);
CREATE TABLE h (k int, row ev, many ev[]);
