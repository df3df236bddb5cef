CREATE TABLE p (id int, v bigint);
CREATE TABLE c1 (PRIMARY KEY (id)) INHERITS (p);
CREATE TABLE h (x c1);
