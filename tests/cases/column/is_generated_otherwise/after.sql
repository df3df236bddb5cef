
CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 5) STORED, c int, d int, e text GENERATED ALWAYS AS (a::text || 'x') STORED);
CREATE INDEX t_b ON t (b); CREATE VIEW v AS SELECT b FROM t; COMMENT ON COLUMN t.b IS 'kept'; CREATE UNIQUE INDEX t_e ON t (e);
