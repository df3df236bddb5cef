CREATE TABLE a (n int);
CREATE TABLE b (m int NOT NULL);
CREATE TABLE "c D" (x int, n int, CHECK (n > 0)) ;
CREATE TABLE e () INHERITS ("c D");
CREATE TABLE f (m int) INHERITS (a);
