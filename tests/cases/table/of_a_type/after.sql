
CREATE TYPE row_type AS (id int, name text);
CREATE TABLE plain OF row_type;
CREATE TABLE made OF row_type (id WITH OPTIONS PRIMARY KEY, name DEFAULT 'x');
