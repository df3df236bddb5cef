
INSERT INTO customer VALUES (1);
INSERT INTO parent VALUES (1, '2024-05-05', 1, 'a');
