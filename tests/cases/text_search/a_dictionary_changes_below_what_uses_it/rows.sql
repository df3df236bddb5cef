INSERT INTO papers (number, text) VALUES (1, 'cats and dogs');
