CREATE TYPE mood AS ENUM ('good', 'odd');
CREATE TABLE t (id bigint PRIMARY KEY, b text, m mood, doubled int GENERATED ALWAYS AS (id * 3) STORED);
CREATE TABLE refers (id bigint REFERENCES t, n int);
CREATE INDEX t_b ON t (b);
CREATE DOMAIN many AS t[];
CREATE TABLE holds (k int, one t, all_of many);
