CREATE TABLE brought (a int, b int);
ALTER EXTENSION plpgsql ADD TABLE brought;
