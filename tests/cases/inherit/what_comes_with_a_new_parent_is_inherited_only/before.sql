CREATE TABLE p (a int NOT NULL, b int DEFAULT 3, g int GENERATED ALWAYS AS (b * 2) STORED, t text COLLATE "C" DEFAULT random()::text, CONSTRAINT twice CHECK (g > 1));
CREATE TABLE q (a int, z int, CONSTRAINT zpos CHECK (z > 0) NOT VALID);
CREATE TABLE c (x int);
CREATE TABLE e (y int) INHERITS (c);
