CREATE DOMAIN given AS int NOT NULL;
CREATE DOMAIN checked AS given CHECK (VALUE > 0);
CREATE TYPE grows AS (a int, n given, m checked);
CREATE TYPE again AS (n checked, a int);
CREATE TABLE holds (id int, v grows, w again);
