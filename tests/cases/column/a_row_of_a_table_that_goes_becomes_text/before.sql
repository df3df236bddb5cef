CREATE SCHEMA shop;
CREATE TYPE shop.state AS ENUM ('new', 'old');
CREATE TABLE shop.item (state shop.state DEFAULT 'new', name text);
CREATE TABLE kept (id integer, item shop.item, state shop.state);
