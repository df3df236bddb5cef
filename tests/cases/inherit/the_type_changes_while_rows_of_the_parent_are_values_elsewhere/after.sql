CREATE TABLE t (id bigint);
CREATE TABLE c () INHERITS (t);
CREATE TABLE holds (k int, one t);
