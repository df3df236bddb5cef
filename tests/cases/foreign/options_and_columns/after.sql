CREATE FOREIGN DATA WRAPPER case_wrapper OPTIONS (b '3');
CREATE FOREIGN DATA WRAPPER case_checked VALIDATOR postgresql_fdw_validator;
CREATE SERVER case_server TYPE 't' FOREIGN DATA WRAPPER case_wrapper OPTIONS (host 'h=2');
CREATE USER MAPPING FOR CURRENT_USER SERVER case_server OPTIONS (user 'u', password 'p');
CREATE FOREIGN TABLE far (id bigint OPTIONS (column_name 'Id', extra '') DEFAULT 7 CHECK (id > 0), added text NOT NULL)
    SERVER case_server;
CREATE FOREIGN TABLE becomes_far (id integer) SERVER case_server;
COMMENT ON FOREIGN TABLE far IS 'further away';
