CREATE FUNCTION fin(s int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT s';
CREATE FUNCTION fin2(s int, x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT s';
CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, SSPACE = 8, INITCOND = '1', FINALFUNC = fin2, FINALFUNC_EXTRA,
  FINALFUNC_MODIFY = SHAREABLE, COMBINEFUNC = int4pl, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = int, MSSPACE = 4,
  MFINALFUNC = fin, MINITCOND = '0', PARALLEL = SAFE);
CREATE AGGREGATE least_of(int) (SFUNC = int4smaller, STYPE = int, SORTOP = OPERATOR(pg_catalog.<));
CREATE AGGREGATE many(VARIADIC a int[]) (SFUNC = array_cat, STYPE = int[]);
CREATE AGGREGATE nothing(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
CREATE AGGREGATE disc(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal,
  FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE AGGREGATE ranked(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal,
  FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
COMMENT ON AGGREGATE disc(float8 ORDER BY anyelement) IS 'd';
CREATE VIEW v AS SELECT total(x) FROM generate_series(1, 3) AS x;
