CREATE DOMAIN kind AS varchar(10) CHECK (VALUE IN ('a', 'b'));
CREATE TABLE t (id integer, s varchar(10), "::text[]" varchar(5), a text,
  CONSTRAINT known CHECK (s IN ('a', 'b', 'x::text[]') AND s NOT IN ('q', 'r')),
  CONSTRAINT other CHECK ("::text[]" IN ('a', 'b')),
  CONSTRAINT mixed CHECK (s IN ('a', 'b') AND a = ANY (ARRAY['a'::text, 'b']) AND a <> ALL (ARRAY[s, s]::text[])));
CREATE TABLE old (s varchar(10) CHECK (s IN ('a', 'b')));
CREATE INDEX t_s ON t (id) WHERE s IN ('a', 'b');
CREATE VIEW v AS SELECT id FROM t WHERE s IN ('a', 'b');
CREATE MATERIALIZED VIEW m AS SELECT id FROM t WHERE s IN ('a', 'b');
CREATE TABLE new (s varchar(10) CHECK (s IN ('a', 'b')), d varchar DEFAULT 'a');
ALTER TABLE new ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON new USING (s IN ('a', 'b'));
