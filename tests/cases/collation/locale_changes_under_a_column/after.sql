CREATE COLLATION c (provider = libc, locale = 'POSIX');
CREATE TABLE t (id integer PRIMARY KEY, x text COLLATE c, y text);
CREATE INDEX t_x ON t (x);
CREATE INDEX t_y ON t (y COLLATE c);
