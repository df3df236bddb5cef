CREATE TYPE r AS RANGE (subtype = double precision, multirange_type_name = multirange_of_r);
CREATE TABLE t (id integer PRIMARY KEY, x r, m multirange_of_r, xs r[]);
CREATE INDEX t_x ON t USING gist (x);
