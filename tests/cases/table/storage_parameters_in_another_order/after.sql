CREATE TABLE boxes (number integer PRIMARY KEY, label text) WITH (autovacuum_enabled = true, toast.autovacuum_enabled = false, fillfactor = 80);
CREATE INDEX boxes_label ON boxes (label) WITH (deduplicate_items = off, fillfactor = 80);
CREATE TABLE bags (number integer) WITH (autovacuum_enabled = true, fillfactor = 70);
CREATE VIEW labels WITH (security_invoker = true, security_barrier = false) AS SELECT label FROM boxes;
