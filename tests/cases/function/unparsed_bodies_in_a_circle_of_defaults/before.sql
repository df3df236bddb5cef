CREATE TABLE unrelated (a int);
-- Changed in place into a circle.
CREATE FUNCTION grows(a int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE FUNCTION joins(a int) RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE FUNCTION one(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE FUNCTION other(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE FUNCTION begins_to_use_itself(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
-- A circle, one of whose defaults goes, so that it is dropped and made again.
CREATE FUNCTION loses(a int, b int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT a + b';
CREATE FUNCTION stays(a int DEFAULT loses(1)) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE OR REPLACE FUNCTION loses(a int, b int DEFAULT stays(3)) RETURNS int LANGUAGE sql AS 'SELECT a + b';
CREATE TABLE uses (a int DEFAULT stays(), b int);
CREATE VIEW seen AS SELECT stays(4) AS s, a FROM uses;
COMMENT ON FUNCTION loses IS 'loses';
