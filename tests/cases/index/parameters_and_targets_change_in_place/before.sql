
CREATE TABLE t (a int, b text, "C c" text);
CREATE INDEX plain ON t (a) WITH (fillfactor = 60, deduplicate_items = off) WHERE a > 1;
CREATE INDEX exp ON t (lower(b), (a + 1));
CREATE INDEX opts ON t USING gist (to_tsvector('english', b) tsvector_ops (siglen = 100)) WITH (buffering = on) WHERE (b <> 'WITH (x)');
