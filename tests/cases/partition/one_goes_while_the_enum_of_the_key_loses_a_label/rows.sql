INSERT INTO paints VALUES ('red', 1), ('green', 2), (NULL, 3);
