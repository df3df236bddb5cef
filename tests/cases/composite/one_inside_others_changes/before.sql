CREATE TYPE inner_t AS (a integer, b text);
CREATE DOMAIN checked AS inner_t CHECK ((VALUE).a > 0);
CREATE TYPE outer_t AS (i inner_t, c checked, d date);
CREATE TABLE t (id integer, o outer_t, ar outer_t[], c checked);
CREATE FUNCTION f(x outer_t) RETURNS integer LANGUAGE sql IMMUTABLE RETURN ((x).i).a;
CREATE INDEX t_f ON t (f(o));
