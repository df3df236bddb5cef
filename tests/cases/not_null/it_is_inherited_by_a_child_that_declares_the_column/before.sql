CREATE TABLE p (id int PRIMARY KEY, v int);
CREATE TABLE c1 (id int) INHERITS (p);
CREATE TABLE h (x c1);
