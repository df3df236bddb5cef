CREATE TABLE p (id integer NOT NULL, v integer) PARTITION BY RANGE (id);
CREATE INDEX p_a ON p (v);
CREATE INDEX p_b ON p (v);
CREATE TABLE p1 (id integer NOT NULL, v integer);
CREATE INDEX p1_a ON p1 (v);
CREATE INDEX p1_b ON p1 (v);
