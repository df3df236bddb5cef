CREATE SCHEMA office;
CREATE TABLE office.paper (id bigint PRIMARY KEY, title text, secret text);
CREATE TABLE office."Odd Name" (id integer PRIMARY KEY, "a ""b""" integer);
CREATE PUBLICATION "case news" FOR TABLE office.paper WHERE (id > 10 AND title <> 'it''s'), TABLE office."Odd Name"
    WITH (publish = 'insert, update', publish_via_partition_root);
CREATE PUBLICATION case_all FOR TABLES IN SCHEMA office;
COMMENT ON PUBLICATION case_all IS 'of the office';
