CREATE SCHEMA "Math";
CREATE FUNCTION "Math".below(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 > $2';
CREATE FUNCTION "Math".not_above(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 >= $2';
CREATE FUNCTION "Math".same(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 = $2';
CREATE FUNCTION "Math".not_below(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 <= $2';
CREATE FUNCTION "Math".above(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 < $2';
CREATE FUNCTION "Math".compare(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN $1 > $2 THEN -1 WHEN $1 < $2 THEN 1 ELSE 0 END';
CREATE FUNCTION "Math".compare(integer, bigint) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT CASE WHEN $1 > $2 THEN -1 WHEN $1 < $2 THEN 1 ELSE 0 END';
CREATE FUNCTION "Math".same(integer, bigint) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 = $2';
CREATE FUNCTION "Math".hash(integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 % 10';
CREATE FUNCTION "Math".hash(integer, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 % 10 + $2';
CREATE FUNCTION "Math".hash_otherwise(integer, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT AS 'SELECT $1 % 100 + $2';
CREATE OPERATOR "Math".<! (FUNCTION = "Math".below, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR("Math".>!));
CREATE OPERATOR "Math".<=! (FUNCTION = "Math".not_above, LEFTARG = integer, RIGHTARG = integer);
CREATE OPERATOR "Math".=! (FUNCTION = "Math".same, LEFTARG = integer, RIGHTARG = integer);
CREATE OPERATOR "Math".>=! (FUNCTION = "Math".not_below, LEFTARG = integer, RIGHTARG = integer);
CREATE OPERATOR "Math".>! (FUNCTION = "Math".above, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = OPERATOR("Math".<!));
CREATE OPERATOR "Math".=! (FUNCTION = "Math".same, LEFTARG = integer, RIGHTARG = bigint);

CREATE FUNCTION "Math".compare_again(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT "Math".compare($1, $2)';
CREATE OPERATOR CLASS "Math".backwards FOR TYPE integer USING btree AS
    OPERATOR 1 "Math".<!, OPERATOR 2 "Math".<=!, OPERATOR 3 "Math".=!, OPERATOR 4 "Math".>=!, OPERATOR 5 "Math".>!,
    FUNCTION 1 "Math".compare_again(integer, integer);

CREATE TYPE span AS RANGE (SUBTYPE = integer, SUBTYPE_OPCLASS = "Math".backwards);
CREATE TABLE spans (id integer, s span);
CREATE TABLE parts (a integer NOT NULL, note text) PARTITION BY RANGE (a "Math".backwards);
CREATE TABLE parts_high PARTITION OF parts FOR VALUES FROM (100) TO (10);
CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (10) TO (0);
