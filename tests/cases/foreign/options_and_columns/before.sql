CREATE FOREIGN DATA WRAPPER case_checked;
CREATE FOREIGN DATA WRAPPER case_wrapper OPTIONS (a '1', b '2');
CREATE SERVER case_server TYPE 't' VERSION '1' FOREIGN DATA WRAPPER case_wrapper OPTIONS (host 'h', "odd Name" 'it''s');
CREATE USER MAPPING FOR PUBLIC SERVER case_server OPTIONS (user 'u');
CREATE FOREIGN TABLE far (id integer OPTIONS (column_name 'ID') NOT NULL, gone text) SERVER case_server OPTIONS (t 'x');
CREATE TABLE becomes_far (id integer);
COMMENT ON FOREIGN TABLE far IS 'far away';
COMMENT ON COLUMN far.id IS 'number';
COMMENT ON SERVER case_server IS 'there';
