INSERT INTO logs_2025 VALUES (1, '2025-05-05', 'a'); INSERT INTO logs_2026 VALUES (2, '2026-05-05', 'b');
INSERT INTO logs VALUES (3, '2026-06-06', 'in the parent');
