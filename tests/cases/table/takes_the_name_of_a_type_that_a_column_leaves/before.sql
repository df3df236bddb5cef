CREATE TYPE thing AS (a int);
CREATE TYPE other AS ENUM ('a', 'b');
CREATE TABLE h (k int, x thing, y other);
