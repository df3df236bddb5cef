CREATE TABLE paper (id integer, title text);
GRANT SELECT ON paper TO case_chief WITH GRANT OPTION;
SET ROLE case_chief;
GRANT SELECT ON paper TO case_reader;
RESET ROLE;
