CREATE TABLE sale (id int PRIMARY KEY, item int, amount int);
CREATE VIEW report AS SELECT id, item FROM sale;
CREATE VIEW newest WITH (security_barrier) AS SELECT id, item FROM report WHERE id > 10 WITH CHECK OPTION;
COMMENT ON VIEW report IS 'by sale';
