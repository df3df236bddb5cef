
CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b text) WITH (autovacuum_enabled = off, toast.vacuum_truncate = on);
CREATE UNIQUE INDEX t_a ON t (a);
CREATE INDEX t_b ON t (b);
ALTER TABLE t REPLICA IDENTITY USING INDEX t_a;
ALTER TABLE t CLUSTER ON t_pkey;
ALTER TABLE t ALTER a SET STORAGE MAIN, ALTER a SET COMPRESSION pglz, ALTER b SET STATISTICS 300, ALTER b SET (n_distinct = 5);
