CREATE TYPE e AS ENUM ('a', 'b', 'c', 'd', 'e"f');
CREATE TABLE t (x e DEFAULT 'a', y e DEFAULT 'e"f', CHECK (x <> 'c'));
