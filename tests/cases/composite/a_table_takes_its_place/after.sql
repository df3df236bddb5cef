CREATE TABLE price (amount numeric, currency text);
CREATE TABLE offers (id integer PRIMARY KEY, price price);
CREATE VIEW amounts AS SELECT (price).amount FROM offers;
