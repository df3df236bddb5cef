CREATE TABLE unrelated (id integer);
CREATE FUNCTION even(n integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN NULL::boolean;
CREATE FUNCTION odd(n integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN CASE WHEN n = 0 THEN false ELSE even(n - 1) END;
CREATE OR REPLACE FUNCTION even(n integer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN CASE WHEN n = 0 THEN true ELSE odd(n - 1) END;
COMMENT ON FUNCTION even(integer) IS 'even';
CREATE VIEW e AS SELECT even(4) AS is_even;
