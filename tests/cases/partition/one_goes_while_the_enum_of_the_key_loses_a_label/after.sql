CREATE TYPE colour AS ENUM ('red', 'green');
CREATE TABLE paints (colour colour, id integer) PARTITION BY LIST (colour);
CREATE TABLE paints_mixed PARTITION OF paints FOR VALUES IN ('red', 'green', NULL);
