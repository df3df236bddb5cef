CREATE TABLE t (id int, five int DEFAULT 5 NOT NULL, chance double precision DEFAULT random(), made timestamptz DEFAULT now());
CREATE TABLE holds (k int, one t, all_of t[]);
