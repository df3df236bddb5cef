CREATE SCHEMA ext;
CREATE EXTENSION citext SCHEMA ext;
CREATE EXTENSION pg_trgm SCHEMA ext;
CREATE TABLE t (a ext.citext PRIMARY KEY, b ext.citext[], c text);
CREATE VIEW v AS SELECT a FROM t WHERE a OPERATOR(ext.=) 'x';
CREATE INDEX i ON t USING gin (c ext.gin_trgm_ops);
