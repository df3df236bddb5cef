CREATE TABLE sale (id int PRIMARY KEY, item int, amount int);
-- pg_dump writes views in two parts where one of them needs a key; which ones, follows from the order they were made in.
CREATE VIEW total AS SELECT s.id, s.item, count(*) AS many FROM sale AS s GROUP BY s.id;
CREATE VIEW report AS SELECT id, item FROM total;
CREATE VIEW newest WITH (security_barrier) AS SELECT id, item FROM sale WHERE id > 10 WITH CHECK OPTION;
COMMENT ON VIEW report IS 'by sale';
