INSERT INTO ev VALUES (1,'a'); INSERT INTO h VALUES (1, ROW(1,'a'), ARRAY[ROW(2,'a')]::ev[]);
