CREATE TABLE unrelated (a int);
CREATE FUNCTION grows(a int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE FUNCTION joins(a int DEFAULT grows()) RETURNS int LANGUAGE sql AS 'SELECT a';
CREATE OR REPLACE FUNCTION grows(a int DEFAULT joins()) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE FUNCTION one(a int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE FUNCTION other(a int DEFAULT one()) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE OR REPLACE FUNCTION one(a int DEFAULT other()) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE FUNCTION begins_to_use_itself(a int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE OR REPLACE FUNCTION begins_to_use_itself(a int DEFAULT begins_to_use_itself()) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE FUNCTION loses(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a + b';
CREATE FUNCTION stays(a int DEFAULT loses(1, 2)) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE TABLE uses (a int DEFAULT stays(), b int);
CREATE VIEW seen AS SELECT stays(4) AS s, a FROM uses;
COMMENT ON FUNCTION loses IS 'loses';
-- New, in a circle of four: one of them is parsed, one uses an operator.
CREATE FUNCTION first(a int DEFAULT 1) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE OPERATOR !!! (FUNCTION = first, RIGHTARG = int);
CREATE FUNCTION second(a int DEFAULT !!! 3, b text DEFAULT E'it''s (an odd) default', OUT c int) LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION third(a int DEFAULT second()) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a; END;
CREATE FUNCTION fourth(VARIADIC a int[] DEFAULT ARRAY[third()]) RETURNS int LANGUAGE sql AS 'SELECT 1' SET search_path = public;
CREATE OR REPLACE FUNCTION first(a int DEFAULT fourth()) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
COMMENT ON FUNCTION fourth IS 'fourth';
-- Uses itself.
CREATE FUNCTION itself(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE OR REPLACE FUNCTION itself(a int DEFAULT itself(1)) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE FUNCTION calls_itself(a int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN a; END';
CREATE OR REPLACE FUNCTION calls_itself(a int) RETURNS int LANGUAGE sql
BEGIN ATOMIC SELECT CASE WHEN a > 0 THEN calls_itself(a - 1) ELSE 0 END; END;
