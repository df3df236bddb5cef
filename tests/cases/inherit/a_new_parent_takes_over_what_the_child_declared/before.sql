CREATE TABLE p (a int NOT NULL CHECK (a > 0), b int);
CREATE TABLE c (a int NOT NULL, b int NOT NULL, x int, CONSTRAINT p_a_check CHECK (a > 0));
CREATE TABLE d (a int, x int);
