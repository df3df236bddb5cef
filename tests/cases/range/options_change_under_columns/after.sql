CREATE TYPE r AS RANGE (subtype = double precision, subtype_diff = float8mi, multirange_type_name = many_r);
CREATE TABLE t (id integer PRIMARY KEY, x r, m many_r, xs r[]);
CREATE INDEX t_x ON t USING gist (x);
