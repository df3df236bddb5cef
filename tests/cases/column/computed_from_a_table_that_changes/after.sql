CREATE TABLE t (a bigint, b text);
CREATE FUNCTION pick(x int) RETURNS t IMMUTABLE LANGUAGE sql AS $$ SELECT ROW(x, 'b')::t $$;
CREATE TABLE u (x int, r t GENERATED ALWAYS AS (pick(x)) STORED);
CREATE INDEX u_b ON u (((r).b));
CREATE TABLE w (x int, r t GENERATED ALWAYS AS (ROW(x, 'b')::t) STORED);
COMMENT ON COLUMN w.r IS 'a row';
