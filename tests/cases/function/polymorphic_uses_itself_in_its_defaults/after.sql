CREATE FUNCTION first_of(n integer, a anyelement DEFAULT 1, b integer DEFAULT NULL) RETURNS anyelement LANGUAGE sql AS 'SELECT $2';
CREATE OR REPLACE FUNCTION first_of(n integer, a anyelement DEFAULT 1, b integer DEFAULT first_of(1, b => 3)) RETURNS anyelement LANGUAGE sql AS 'SELECT $2';
CREATE FUNCTION of_itself(n integer, a anyelement DEFAULT 1) RETURNS anyelement LANGUAGE sql AS 'SELECT $2';
CREATE OR REPLACE FUNCTION of_itself(n integer, a anyelement DEFAULT of_itself(1, 2)) RETURNS anyelement LANGUAGE sql AS 'SELECT $2';
CREATE FUNCTION more(n integer, a anyelement DEFAULT 1, b integer DEFAULT 4) RETURNS anyelement LANGUAGE sql AS 'SELECT $2';
CREATE OR REPLACE FUNCTION more(n integer, a anyelement DEFAULT 1, b integer DEFAULT more(1, b => 5)) RETURNS anyelement LANGUAGE sql AS 'SELECT $2';
