CREATE TABLE t (id int, five int DEFAULT 5 NOT NULL);
CREATE TABLE c () INHERITS (t);
CREATE TABLE holds (k int, one c);
