CREATE DOMAIN kind AS varchar(10);
CREATE TABLE t (id integer, s varchar(10), "::text[]" varchar(5), a text);
CREATE TABLE old (s varchar(10) CHECK (s IN ('a', 'b')));
