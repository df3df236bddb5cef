INSERT INTO office.paper VALUES (1, 'one', 'x'), (20, 'twenty', NULL);
