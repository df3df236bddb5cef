
INSERT INTO t VALUES (1, 'us', '2024-02-02'), (2, 'eu', '2025-05-05'); INSERT INTO item VALUES (1, 'us', '2024-02-02');
