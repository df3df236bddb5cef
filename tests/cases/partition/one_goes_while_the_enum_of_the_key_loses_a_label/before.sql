CREATE TYPE colour AS ENUM ('red', 'yellow', 'green');
CREATE TABLE paints (colour colour, id integer) PARTITION BY LIST (colour);
CREATE TABLE paints_red PARTITION OF paints FOR VALUES IN ('red');
CREATE TABLE paints_mixed PARTITION OF paints FOR VALUES IN ('yellow', 'green');
CREATE TABLE paints_unknown PARTITION OF paints FOR VALUES IN (NULL);
