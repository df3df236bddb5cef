CREATE TABLE t (id int);
CREATE TABLE c () INHERITS (t);
CREATE TABLE holds (k int, one c);
