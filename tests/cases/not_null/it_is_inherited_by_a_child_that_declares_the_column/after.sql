CREATE TABLE p (id int PRIMARY KEY, v bigint);
CREATE TABLE c1 (id int) INHERITS (p);
CREATE TABLE h (x c1);
