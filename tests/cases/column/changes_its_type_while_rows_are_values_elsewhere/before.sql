CREATE TYPE mood AS ENUM ('good', 'bad', 'odd');
CREATE TABLE t (id int PRIMARY KEY, b varchar(10), m mood, doubled int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE refers (id int REFERENCES t, n int);
CREATE INDEX t_b ON t (b);
CREATE DOMAIN many AS t[];
CREATE TABLE holds (k int, one t, all_of many);
