CREATE SCHEMA other;

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

CREATE OPERATOR CLASS "Math".backwards FOR TYPE integer USING btree AS
    OPERATOR 1 "Math".<!, OPERATOR 2 "Math".<=!, OPERATOR 3 "Math".=!, OPERATOR 4 "Math".>=!, OPERATOR 5 "Math".>!,
    FUNCTION 1 "Math".compare(integer, integer);
CREATE OPERATOR FAMILY "Shared" USING hash;
CREATE OPERATOR CLASS "Math"."Tens" FOR TYPE integer USING hash FAMILY "Shared" AS
    OPERATOR 1 "Math".=!, FUNCTION 1 "Math".hash(integer), FUNCTION 2 "Math".hash(integer, bigint);
CREATE OPERATOR CLASS other.boxes FOR TYPE box USING gist AS
    OPERATOR 1 <<, OPERATOR 3 &&, OPERATOR 15 <-> (box, point) FOR ORDER BY float_ops,
    FUNCTION 1 gist_box_consistent(internal, box, smallint, oid, internal), FUNCTION 2 gist_box_union(internal, internal),
    FUNCTION 5 gist_box_penalty(internal, internal, internal), FUNCTION 6 gist_box_picksplit(internal, internal),
    FUNCTION 7 gist_box_same(box, box, internal), FUNCTION 8 (box, box) gist_box_distance(internal, box, smallint, oid, internal);
CREATE OPERATOR CLASS other.elements FOR TYPE integer[] USING gin AS
    OPERATOR 1 && (anyarray, anyarray), OPERATOR 2 @> (anyarray, anyarray),
    FUNCTION 1 btint4cmp(integer, integer), FUNCTION 2 ginarrayextract(anyarray, internal, internal),
    FUNCTION 3 ginqueryarrayextract(anyarray, internal, smallint, internal, internal, internal, internal),
    FUNCTION 4 ginarrayconsistent(internal, smallint, anyarray, integer, internal, internal, internal, internal),
    STORAGE integer;
CREATE OPERATOR CLASS other.empty FOR TYPE integer USING btree AS STORAGE integer;
CREATE OPERATOR FAMILY other.lonely USING brin;
CREATE OPERATOR CLASS other.extent FOR TYPE integer USING brin AS
    OPERATOR 1 < , OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 brin_minmax_opcinfo(internal), FUNCTION 2 brin_minmax_add_value(internal, internal, internal, internal),
    FUNCTION 3 brin_minmax_consistent(internal, internal, internal), FUNCTION 4 brin_minmax_union(internal, internal, internal);
CREATE TABLE numbers (a integer, b box, c integer[], EXCLUDE USING gist (b other.boxes WITH &&));
CREATE INDEX numbers_backwards ON numbers (a "Math".backwards);
CREATE INDEX numbers_tens ON numbers USING hash (a "Math"."Tens");
CREATE INDEX numbers_elements ON numbers USING gin (c other.elements);
CREATE INDEX numbers_extent ON numbers USING brin (a other.extent);
CREATE VIEW orderly AS SELECT a FROM numbers ORDER BY a USING OPERATOR("Math".<!);
COMMENT ON OPERATOR CLASS "Math".backwards USING btree IS 'the greatest first';
COMMENT ON OPERATOR FAMILY "Math".backwards USING btree IS 'orders from the greatest';
