CREATE DOMAIN score AS integer CHECK (VALUE >= 0);
CREATE TABLE t (id integer, s score);
