
CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, b text) WITH (fillfactor = 70, toast.autovacuum_enabled = off);
CREATE UNIQUE INDEX t_a ON t (a);
CREATE INDEX t_b ON t (b);
ALTER TABLE t REPLICA IDENTITY FULL;
ALTER TABLE t CLUSTER ON t_b;
