CREATE DOMAIN status AS text CHECK (VALUE IN ('new', 'done'));
CREATE DOMAIN known AS status NOT NULL;
CREATE TYPE change AS (day integer, status status);
CREATE TABLE orders (
    id integer PRIMARY KEY, now status DEFAULT 'new' NOT NULL, before status[], first known, last change
);
CREATE INDEX ON orders (now);
COMMENT ON TYPE status IS 'of orders';
CREATE VIEW open_orders AS SELECT id, now FROM orders WHERE now = 'new';
CREATE FUNCTION said(status) RETURNS status LANGUAGE sql IMMUTABLE AS 'SELECT $1';
