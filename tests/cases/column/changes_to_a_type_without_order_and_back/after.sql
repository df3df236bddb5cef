CREATE TABLE t (id int PRIMARY KEY, j jsonb DEFAULT '{}', p point);
CREATE INDEX t_x ON t ((j ->> 'x'));
CREATE INDEX t_j ON t USING gin (j);
