CREATE TABLE a (id int NOT NULL, t text);
CREATE TABLE b (id int NOT NULL, t text, z serial PRIMARY KEY) INHERITS (a);
CREATE INDEX b_t ON b (t);
CREATE TABLE c (id int NOT NULL);
