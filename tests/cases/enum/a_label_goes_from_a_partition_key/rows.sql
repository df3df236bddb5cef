INSERT INTO p VALUES ('a',1),('b',2);
