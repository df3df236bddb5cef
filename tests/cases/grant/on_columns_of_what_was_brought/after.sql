CREATE TABLE brought (a int, b int);
ALTER EXTENSION plpgsql ADD TABLE brought;
GRANT SELECT (a) ON brought TO PUBLIC;
GRANT UPDATE (setting) ON pg_catalog.pg_settings TO pg_monitor;
