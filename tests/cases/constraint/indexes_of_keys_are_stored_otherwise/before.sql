CREATE TABLE a (id int PRIMARY KEY, n int CONSTRAINT one UNIQUE WITH (fillfactor = 60), b box);
ALTER TABLE a ADD CONSTRAINT apart EXCLUDE USING gist (b WITH &&) WITH (fillfactor = 50) WHERE (id > 0);
CREATE TABLE gone (id int CONSTRAINT gone_key UNIQUE WITH (fillfactor = 40), b box,
  CONSTRAINT gone_apart EXCLUDE USING gist (b WITH &&) WITH (buffering = off) WHERE (id > 0));
CREATE TABLE c (id int, n int);
