CREATE TABLE paper (id integer GENERATED ALWAYS AS IDENTITY, title text);
CREATE VIEW papers AS SELECT id, title FROM paper;
CREATE MATERIALIZED VIEW stored AS SELECT id, title FROM paper;
CREATE TYPE pair AS (a integer, b integer);
COMMENT ON COLUMN papers.id IS 'first';
