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

CREATE OPERATOR FAMILY "Math"."Shared" USING btree;
CREATE OPERATOR CLASS "Math".backwards FOR TYPE integer USING btree FAMILY "Math"."Shared" AS
    OPERATOR 1 "Math".<!, OPERATOR 2 "Math".<=!, OPERATOR 3 "Math".=!, OPERATOR 4 "Math".>=!, OPERATOR 5 "Math".>!,
    FUNCTION 1 "Math".compare(integer, integer);
CREATE OPERATOR FAMILY kept USING hash;
ALTER OPERATOR FAMILY kept USING hash ADD FUNCTION 2 (integer, integer) "Math".hash(integer, bigint), OPERATOR 1 "Math".=! (integer, bigint);
CREATE OPERATOR FAMILY becomes USING hash;
ALTER OPERATOR FAMILY becomes USING hash ADD FUNCTION 1 (integer) "Math".hash(integer), OPERATOR 1 "Math".=! (integer, integer);
CREATE OPERATOR CLASS becomes FOR TYPE integer USING hash FAMILY becomes AS STORAGE integer;
CREATE TABLE numbers (a integer);
CREATE INDEX numbers_a ON numbers (a "Math".backwards);
CREATE INDEX numbers_hashed ON numbers USING hash (a becomes);
