CREATE TABLE z_limits (highest int);
CREATE FUNCTION a_limit(code int) RETURNS boolean LANGUAGE sql IMMUTABLE AS
  'SELECT code < coalesce((SELECT max(highest) FROM public.z_limits), 100)';
CREATE FUNCTION z_inner() RETURNS int LANGUAGE sql STABLE AS 'SELECT coalesce(max(highest), 7) FROM public.z_limits';
CREATE FUNCTION a_outer() RETURNS int LANGUAGE sql STABLE AS 'SELECT public.z_inner()';
CREATE TABLE a_rows (id int PRIMARY KEY, code int NOT NULL, CONSTRAINT within CHECK (a_limit(code)),
  level int DEFAULT a_outer(), small boolean GENERATED ALWAYS AS (a_limit(code)) STORED);
CREATE INDEX a_rows_limit ON a_rows (a_limit(code));
CREATE MATERIALIZED VIEW a_outers AS SELECT a_outer() AS level, a_limit(3) AS small;
