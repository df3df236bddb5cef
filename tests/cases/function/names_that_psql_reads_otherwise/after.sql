CREATE TABLE stays (
    id integer PRIMARY KEY, begin integer, "end" integer, "USER" integer, prices integer[],
    CHECK (prices[1: "USER"] IS NOT NULL)
);
CREATE INDEX ON stays ((prices["USER": begin]));
-- psql itself would not find the end of these, written without quotes.
CREATE FUNCTION "begin"(stay integer) RETURNS integer LANGUAGE sql
BEGIN ATOMIC
    SELECT "begin" FROM stays WHERE id = stay;
    SELECT CASE WHEN "begin" > 0 THEN "begin" END AS "begin" FROM stays WHERE id = stay;
END;
CREATE FUNCTION first(stay stays) RETURNS integer RETURN stay."begin";
CREATE VIEW paid AS SELECT prices[1: "USER"] AS a, prices[begin: begin] AS b, "begin"(id) FROM stays;
