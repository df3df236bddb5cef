CREATE DOMAIN gets_one AS int;
CREATE DOMAIN counted AS int DEFAULT 1;
CREATE FUNCTION next_of(a counted, b int DEFAULT 2) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE TABLE holds (a gets_one, b counted, c int);
