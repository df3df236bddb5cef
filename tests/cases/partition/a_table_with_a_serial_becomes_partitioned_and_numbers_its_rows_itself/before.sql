CREATE TABLE log (id bigserial, at date NOT NULL);
