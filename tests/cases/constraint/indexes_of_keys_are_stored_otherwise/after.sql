CREATE TABLE a (id int PRIMARY KEY WITH (fillfactor = 70), n int CONSTRAINT one UNIQUE, b box);
ALTER TABLE a ADD CONSTRAINT apart EXCLUDE USING gist (b WITH &&) WITH (fillfactor = 55) WHERE (id > 0);
CREATE TABLE c (id int, n int, CONSTRAINT c_key UNIQUE (id) WITH (fillfactor = 33),
  CONSTRAINT c_other UNIQUE (id, n) WITH (fillfactor = 34) DEFERRABLE);
