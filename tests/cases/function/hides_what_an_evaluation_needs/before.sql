CREATE TABLE a_rows (id int PRIMARY KEY, code int NOT NULL);
