
INSERT INTO p VALUES ('a', '{c}'), ('b', NULL), ('c', DEFAULT);
