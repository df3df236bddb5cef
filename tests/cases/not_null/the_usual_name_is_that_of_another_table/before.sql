CREATE TABLE package (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE kept (id int CONSTRAINT coming_id_not_null NOT NULL);
