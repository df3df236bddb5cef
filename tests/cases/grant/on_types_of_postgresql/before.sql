GRANT USAGE ON TYPE pg_catalog.int4, pg_catalog.bpchar TO case_typist;
