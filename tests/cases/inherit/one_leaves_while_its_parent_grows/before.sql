CREATE TABLE places (place integer PRIMARY KEY);
CREATE TABLE visits (place integer, guests integer);
CREATE TABLE visits_north () INHERITS (visits);
