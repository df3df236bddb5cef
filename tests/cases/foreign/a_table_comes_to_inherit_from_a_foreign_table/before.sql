CREATE FOREIGN DATA WRAPPER elsewhere;
CREATE SERVER far FOREIGN DATA WRAPPER elsewhere;
CREATE FOREIGN TABLE films (title text CHECK (title <> ''), code int NOT NULL) SERVER far;
CREATE TABLE near (place int);
CREATE TABLE above (place int NOT NULL, n int);
CREATE FOREIGN TABLE farther (place int) SERVER far;
