CREATE DOMAIN "My d" AS int;
CREATE TYPE e AS ENUM ('b','a');
CREATE FUNCTION y(e, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'select 1';
CREATE CAST (e AS int) WITH FUNCTION y(e, int);
CREATE CAST (e AS varchar) WITH INOUT;  COMMENT ON CAST (e AS int) IS 'y';
CREATE TABLE t (x int DEFAULT 'a'::e::int);
