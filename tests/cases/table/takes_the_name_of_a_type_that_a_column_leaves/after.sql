CREATE TABLE thing (a int);
CREATE VIEW other AS SELECT a FROM thing;
CREATE TABLE h (k int, x text, y text);
