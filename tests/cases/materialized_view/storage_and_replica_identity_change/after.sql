CREATE TABLE a (id int NOT NULL, t text);
CREATE MATERIALIZED VIEW m AS SELECT id, t FROM a;
ALTER TABLE m REPLICA IDENTITY NOTHING;
CREATE MATERIALIZED VIEW n WITH (toast.autovacuum_enabled = off, toast.autovacuum_vacuum_threshold = 7) AS SELECT id, t FROM a;
