INSERT INTO stays VALUES (1, 2, 'x');
INSERT INTO heir (id, v, w, s, old_only, u, x, o, extra) VALUES (1, 2, 'w', 3, 'old', 'u', 4, 5, 'extra');
