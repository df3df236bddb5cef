INSERT INTO p VALUES (1, 'a', '2025-05-05'), (2, 'b', '2025-06-06');
