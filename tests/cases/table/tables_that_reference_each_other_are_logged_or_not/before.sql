CREATE TABLE a (id integer PRIMARY KEY, b integer, parent integer REFERENCES a);
CREATE TABLE b (id integer PRIMARY KEY REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b;
CREATE TABLE c (id bigint PRIMARY KEY);
CREATE TABLE d (id integer REFERENCES b, c bigint);
CREATE TABLE e (id integer REFERENCES a);
CREATE TABLE f (id integer PRIMARY KEY);
CREATE TABLE g (id integer REFERENCES f);
