CREATE TEXT SEARCH DICTIONARY stems (TEMPLATE = snowball, language = english, stopwords = english);
CREATE TEXT SEARCH CONFIGURATION found (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION found ADD MAPPING FOR asciiword WITH stems;
CREATE TABLE papers (
    number integer PRIMARY KEY,
    text text,
    words tsvector GENERATED ALWAYS AS (to_tsvector('found', text)) STORED
);
CREATE INDEX papers_text ON papers USING gin (to_tsvector('found', text));
CREATE VIEW matching AS SELECT number FROM papers WHERE to_tsvector('found', text) @@ to_tsquery('found', 'cat');
