CREATE EXTENSION citext;
CREATE TABLE t (a citext PRIMARY KEY, b citext[]);
CREATE VIEW v AS SELECT a FROM t WHERE a = 'x';
CREATE INDEX i ON t (lower(a::text));
