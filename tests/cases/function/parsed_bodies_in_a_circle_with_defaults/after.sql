CREATE TABLE unrelated (a int);
CREATE FUNCTION one(x int, y int DEFAULT 1) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT x; END;
CREATE FUNCTION two(x int, y int DEFAULT one(1)) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT one(x) + y; END;
CREATE OR REPLACE FUNCTION one(x int, y int DEFAULT two(4)) RETURNS int LANGUAGE sql
BEGIN ATOMIC SELECT CASE WHEN x > 5 THEN two(x - 1, 2) ELSE x + y END; END;
CREATE DOMAIN name AS text;
CREATE FUNCTION "Odd one"(IN "a b" public.name, INOUT io int DEFAULT 3, OUT o int, VARIADIC more numeric[] DEFAULT '{}') LANGUAGE sql
BEGIN ATOMIC SELECT io, 1; END;
CREATE FUNCTION third(x int DEFAULT ("Odd one"('x')).o, y text DEFAULT 'a(b') RETURNS TABLE (s int, t int) LANGUAGE sql
BEGIN ATOMIC SELECT o.o, o.io FROM "Odd one"('y', 4) AS o; END;
CREATE FUNCTION fourth(x int DEFAULT 2) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT s FROM third() LIMIT 1; END;
CREATE OR REPLACE FUNCTION "Odd one"(IN "a b" public.name, INOUT io int DEFAULT fourth(), OUT o int, VARIADIC more numeric[] DEFAULT '{}') LANGUAGE sql
BEGIN ATOMIC SELECT t.s, t.t FROM third() AS t; END;
COMMENT ON FUNCTION one IS 'one';
