CREATE TABLE paper (id integer, title text);
GRANT SELECT ON paper TO case_chief;
GRANT SELECT (id) ON paper TO case_reader;
