CREATE TABLE paper (id integer GENERATED ALWAYS AS IDENTITY, title text);
CREATE VIEW papers AS SELECT id, title FROM paper;
CREATE MATERIALIZED VIEW stored AS SELECT id, title FROM paper;
CREATE TYPE pair AS (a integer, b integer);
COMMENT ON COLUMN papers.id IS 'it''s the
first \ one';
COMMENT ON COLUMN papers.title IS 'second';
COMMENT ON COLUMN stored.title IS 'third';
COMMENT ON COLUMN pair.a IS 'fourth';
COMMENT ON TYPE pair IS 'two';
COMMENT ON SEQUENCE paper_id_seq IS 'fifth';
COMMENT ON SCHEMA public IS NULL;
