CREATE DOMAIN gets_one AS int;
CREATE FUNCTION one_of(a gets_one, b int DEFAULT 2) RETURNS gets_one LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
ALTER DOMAIN gets_one SET DEFAULT one_of(1);
CREATE DOMAIN counted AS int DEFAULT 1;
CREATE FUNCTION next_of(a counted, b int DEFAULT 2) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
ALTER DOMAIN counted SET DEFAULT next_of(1);
CREATE TABLE holds (a gets_one, b counted, c int);
-- New, with all that a domain can have.
CREATE DOMAIN made AS text COLLATE "C" NOT NULL CHECK (length(VALUE) < 9);
CREATE FUNCTION parsed(a made, b int DEFAULT 2) RETURNS made LANGUAGE sql BEGIN ATOMIC SELECT a; END;
ALTER DOMAIN made SET DEFAULT parsed('x');
COMMENT ON DOMAIN made IS 'made';
