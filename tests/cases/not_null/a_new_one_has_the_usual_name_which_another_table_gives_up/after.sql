CREATE TABLE archive (id integer NOT NULL);
CREATE TABLE orders (id integer NOT NULL);
