CREATE TABLE t (id int);
CREATE TABLE holds (k int, one t, all_of t[]);
