CREATE FUNCTION more(n integer, a anyelement DEFAULT 1, b integer DEFAULT 4) RETURNS anyelement LANGUAGE sql AS 'SELECT $2';
