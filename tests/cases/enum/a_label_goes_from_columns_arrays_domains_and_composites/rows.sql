INSERT INTO s.t VALUES (1, 'a', '{a,c}', 'a', '(a,1)', '{"(c,2)"}'), (2, 'c', NULL, NULL, NULL, NULL), (3, 'c', '{}', NULL, '(,)', NULL);
