
CREATE TABLE other (n int);
CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, day date NOT NULL, note text, CONSTRAINT t_pkey PRIMARY KEY (id, day));
CREATE INDEX t_note ON t (note);
CREATE TABLE item (id bigint, day date, CONSTRAINT item_t FOREIGN KEY (id, day) REFERENCES t (id, day));
CREATE VIEW v AS SELECT note FROM t;
COMMENT ON TABLE t IS 'rows';
