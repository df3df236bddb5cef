CREATE TABLE t (id int, b text, c text);
CREATE DOMAIN checked AS t CHECK ((value).id > 0);
CREATE TABLE h (k int, x checked);
