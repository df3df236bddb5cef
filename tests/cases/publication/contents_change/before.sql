CREATE SCHEMA office;
CREATE TABLE office.paper (id integer PRIMARY KEY, title text, secret text);
CREATE TABLE office."Odd Name" (id integer PRIMARY KEY, "a ""b""" integer);
CREATE PUBLICATION "case news" FOR TABLE office.paper (id, title) WHERE (id > 10) WITH (publish = 'insert');
CREATE PUBLICATION case_all FOR ALL TABLES;
COMMENT ON PUBLICATION case_all IS 'everything';
