INSERT INTO h VALUES (1, ROW(1, 'b', '1')), (2, NULL);
