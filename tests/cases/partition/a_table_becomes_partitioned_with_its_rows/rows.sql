
INSERT INTO t (day, note) VALUES ('2024-03-03', 'a'), ('2020-01-01', 'b');
INSERT INTO item VALUES (1, '2024-03-03');
