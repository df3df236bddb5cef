
CREATE TABLE t (a int, b text, "C c" text);
CREATE INDEX plain ON t (a) WITH (fillfactor = 70) WHERE a > 1;
CREATE INDEX exp ON t (lower(b), (a + 1));
ALTER INDEX exp ALTER COLUMN 1 SET STATISTICS 500;
ALTER INDEX exp ALTER COLUMN 2 SET STATISTICS 10;
CREATE INDEX opts ON t USING gist (to_tsvector('english', b) tsvector_ops (siglen = 200)) WITH (buffering = off) WHERE (b <> 'WITH (x)');
CREATE UNIQUE INDEX u ON t (a DESC NULLS LAST, b COLLATE "C" text_pattern_ops) INCLUDE ("C c") NULLS NOT DISTINCT WITH (fillfactor = 90);
