CREATE SCHEMA words;
CREATE TEXT SEARCH CONFIGURATION words.old (COPY = pg_catalog.simple);
CREATE TEXT SEARCH CONFIGURATION words.plain (PARSER = pg_catalog."default");
ALTER TEXT SEARCH CONFIGURATION words.plain ADD MAPPING FOR asciiword, word WITH english_stem;
ALTER TEXT SEARCH CONFIGURATION words.plain ADD MAPPING FOR url WITH simple;
