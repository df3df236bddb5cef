CREATE FUNCTION d(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT (a - b) * 1';
CREATE FUNCTION d2(a numeric, b numeric) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT (a - b)::float8';
CREATE TYPE fr AS RANGE (subtype = numeric, subtype_diff = d2, multirange_type_name = frs);
CREATE TABLE t (id integer, r fr, m frs, a fr[]);
CREATE INDEX t_r ON t USING gist (r);
CREATE FUNCTION lowest(x fr) RETURNS numeric LANGUAGE sql IMMUTABLE RETURN lower(x);
CREATE VIEW v AS SELECT lowest(r) FROM t;
