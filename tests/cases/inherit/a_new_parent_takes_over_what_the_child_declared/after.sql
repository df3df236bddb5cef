CREATE TABLE p (a int NOT NULL CHECK (a > 0), b int);
CREATE TABLE c (a int, b int, x int) INHERITS (p);
CREATE TABLE d (a int, b int, x int) INHERITS (p);
