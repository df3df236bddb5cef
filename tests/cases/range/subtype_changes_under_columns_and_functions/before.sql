CREATE FUNCTION d(a float8, b float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT a - b';
CREATE TYPE fr AS RANGE (subtype = float8, subtype_diff = d);
CREATE TABLE t (id integer, r fr, m fr_multirange, a fr[]);
CREATE INDEX t_r ON t USING gist (r);
CREATE FUNCTION lowest(x fr) RETURNS float8 LANGUAGE sql IMMUTABLE RETURN lower(x);
CREATE VIEW v AS SELECT lowest(r) FROM t;
