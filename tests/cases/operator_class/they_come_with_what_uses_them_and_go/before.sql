CREATE SCHEMA other;
CREATE TABLE numbers (a integer, b box, c integer[]);
