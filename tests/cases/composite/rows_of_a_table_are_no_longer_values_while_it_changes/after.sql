CREATE TABLE t (id integer, v varchar, w integer);
CREATE FUNCTION f(t) RETURNS text LANGUAGE sql IMMUTABLE RETURN ($1).v || ($1).w;
CREATE TABLE holder (id integer, t integer);
CREATE FUNCTION g() RETURNS SETOF t LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT * FROM t; END';
CREATE VIEW v AS SELECT f(t.*) AS x, h.id FROM t JOIN holder h USING (id);
CREATE DOMAIN dt AS t CHECK ((VALUE).id > 0);
