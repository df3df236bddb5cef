CREATE TABLE kept (id integer, item text, state text);
