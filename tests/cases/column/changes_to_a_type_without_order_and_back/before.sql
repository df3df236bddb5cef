CREATE TABLE t (id int PRIMARY KEY, j json DEFAULT '{}', p point);
CREATE INDEX t_x ON t ((j ->> 'x'));
