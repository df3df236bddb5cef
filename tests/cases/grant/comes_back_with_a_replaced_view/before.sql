CREATE TABLE paper (id integer, title text);
CREATE VIEW titles AS SELECT title, id FROM paper;
ALTER VIEW titles OWNER TO case_owner;
GRANT SELECT ON titles TO case_reader;
GRANT UPDATE (title) ON titles TO case_reader;
COMMENT ON VIEW titles IS 'what it is called';
COMMENT ON COLUMN titles.title IS 'the name';
