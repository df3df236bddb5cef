CREATE TABLE package (id int PRIMARY KEY, name text NOT NULL);
ALTER TABLE package RENAME TO crate;
CREATE TABLE kept (id int CONSTRAINT coming_id_not_null NOT NULL);
CREATE TABLE coming (id int CONSTRAINT coming_id_not_null NOT NULL);
