INSERT INTO orders SELECT (ARRAY['de', 'fr', 'us', 'it', 'ca', 'xx'])[1 + i % 6], i FROM generate_series(1, 200) AS i;
