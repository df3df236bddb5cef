CREATE TABLE archive (id integer CONSTRAINT orders_id_not_null NOT NULL);
