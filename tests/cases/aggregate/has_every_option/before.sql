CREATE FUNCTION fin(s int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT s';
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE VIEW v AS SELECT total(x) FROM generate_series(1, 3) AS x;
