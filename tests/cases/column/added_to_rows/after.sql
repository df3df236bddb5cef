CREATE TABLE person (id integer PRIMARY KEY, name text, born date, active boolean NOT NULL DEFAULT true);
