CREATE TABLE paper (id serial, title text, number serial);
ALTER TABLE paper OWNER TO case_second;
GRANT SELECT ON paper TO case_first;
GRANT SELECT ON paper TO case_reader;
GRANT USAGE ON SEQUENCE paper_id_seq TO case_reader;
