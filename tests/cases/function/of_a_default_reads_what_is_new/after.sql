CREATE TABLE z (a int);
CREATE TABLE q (n int, m text);
CREATE FUNCTION a1() RETURNS SETOF q LANGUAGE sql AS 'select * from q';
CREATE FUNCTION a0() RETURNS SETOF q LANGUAGE sql AS 'select * from a1()';
CREATE VIEW aa AS SELECT * FROM a0();
CREATE FUNCTION a00() RETURNS bigint LANGUAGE sql AS 'select count(*) from aa';
ALTER TABLE z ADD COLUMN b bigint DEFAULT a00();
