CREATE TABLE t (c text, b text, id bigint);
CREATE DOMAIN checked AS t CHECK ((value).id > 0);
CREATE TABLE h (k int, x checked);
