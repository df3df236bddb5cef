CREATE SCHEMA other;
CREATE FUNCTION own(integer, integer, cstring, internal, integer, boolean) RETURNS integer LANGUAGE c STRICT AS '$libdir/utf8_and_iso8859_1', 'iso8859_1_to_utf8';
CREATE CONVERSION given FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE DEFAULT CONVERSION "Given" FOR 'LATIN1' TO 'UTF8' FROM own;
CREATE CONVERSION other.gone FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
CREATE CONVERSION turns FOR 'UTF8' TO 'LATIN3' FROM utf8_to_iso8859;
COMMENT ON CONVERSION turns IS 'south';
