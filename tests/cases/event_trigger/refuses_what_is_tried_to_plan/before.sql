CREATE TABLE notes (id integer, kind character varying(9) CHECK (kind IN ('a', 'b')));
