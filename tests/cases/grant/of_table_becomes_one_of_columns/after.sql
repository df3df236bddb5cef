CREATE TABLE paper (id integer, title text, secret text);
GRANT SELECT (id, title) ON paper TO case_reader;
GRANT UPDATE (title) ON paper TO case_reader;
CREATE VIEW titles AS SELECT id, title FROM paper;
GRANT SELECT (title) ON titles TO PUBLIC;
