CREATE TYPE grows AS (a int);
CREATE TYPE again AS (a int);
CREATE TABLE holds (id int, v grows, w again);
