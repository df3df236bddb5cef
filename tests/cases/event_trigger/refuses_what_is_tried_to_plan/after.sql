CREATE TABLE notes (id bigint, kind character varying(9) CHECK (kind IN ('a', 'b')));
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''the schema is frozen''; END';
CREATE EVENT TRIGGER frozen ON ddl_command_start EXECUTE FUNCTION refuse();
