CREATE FOREIGN DATA WRAPPER elsewhere;
CREATE SERVER far FOREIGN DATA WRAPPER elsewhere;
CREATE FOREIGN TABLE films (title text, picked double precision NOT NULL DEFAULT random(), number serial) SERVER far;
