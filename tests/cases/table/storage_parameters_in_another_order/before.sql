CREATE TABLE boxes (number integer PRIMARY KEY, label text) WITH (fillfactor = 70, autovacuum_enabled = true, parallel_workers = 2);
CREATE INDEX boxes_label ON boxes (label) WITH (fillfactor = 70, deduplicate_items = off);
CREATE TABLE bags (number integer) WITH (fillfactor = 70, autovacuum_enabled = true);
CREATE VIEW labels WITH (security_barrier = true, security_invoker = true) AS SELECT label FROM boxes;
