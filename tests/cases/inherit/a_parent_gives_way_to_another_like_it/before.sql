CREATE TABLE goods (number integer NOT NULL DEFAULT 1, name text);
CREATE TABLE wares (number integer NOT NULL DEFAULT 1, name text, price integer);
CREATE TABLE shirts (price integer, size text) INHERITS (goods);
