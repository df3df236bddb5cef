INSERT INTO spans VALUES (1, '[5,3)'), (2, NULL);
INSERT INTO parts VALUES (50, 'x'), (5, 'y');
