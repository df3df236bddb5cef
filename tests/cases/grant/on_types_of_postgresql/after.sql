REVOKE USAGE ON TYPE pg_catalog.int4 FROM PUBLIC;
GRANT USAGE ON TYPE pg_catalog."char" TO case_typist WITH GRANT OPTION;
