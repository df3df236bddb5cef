INSERT INTO areas VALUES ('((0,0),(1,1))');
