CREATE DOMAIN score AS bigint CONSTRAINT score_check CHECK (VALUE >= 0) CONSTRAINT small CHECK (VALUE < 100);
CREATE TABLE t (id integer, s score);
