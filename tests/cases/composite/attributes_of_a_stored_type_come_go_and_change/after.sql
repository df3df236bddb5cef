CREATE TYPE c AS ("C d" date, a bigint, e boolean);
CREATE TYPE outer_ AS (inner_ c, n integer);
CREATE TABLE t (id integer PRIMARY KEY, x c, o outer_);
CREATE VIEW v AS SELECT (x).a FROM t;
CREATE FUNCTION f(c) RETURNS boolean LANGUAGE sql AS 'SELECT ($1).e';
COMMENT ON COLUMN c.e IS 'e';
