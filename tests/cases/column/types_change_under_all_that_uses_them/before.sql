CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE t (id integer PRIMARY KEY, pid integer REFERENCES p, name varchar(20) DEFAULT 'x' CHECK (length(name) > 0),
  at timestamp, n numeric(6,2), code text, flag integer DEFAULT 0, doubled integer GENERATED ALWAYS AS (pid * 2) STORED, UNIQUE (name));
CREATE INDEX t_at ON t (at);
CREATE INDEX t_lower ON t (lower(name));
CREATE INDEX t_code ON t (code text_pattern_ops);
CREATE VIEW v AS SELECT name, at FROM t;
