CREATE FUNCTION marked(a integer, mark anyelement DEFAULT 'x'::text) RETURNS text LANGUAGE sql AS 'SELECT mark::text';
CREATE TABLE notes (a integer, note text DEFAULT marked(2));
CREATE VIEW marks AS SELECT marked(a) AS mark FROM notes;
