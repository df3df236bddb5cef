CREATE TABLE p (id bigint PRIMARY KEY);
CREATE TABLE t (id bigint PRIMARY KEY, pid bigint REFERENCES p, name varchar(40) DEFAULT 'x' CHECK (length(name) > 0),
  at timestamptz, n numeric(8,2), code integer, flag boolean DEFAULT false, doubled bigint GENERATED ALWAYS AS (pid * 2) STORED, UNIQUE (name));
CREATE INDEX t_at ON t (at);
CREATE INDEX t_lower ON t (lower(name));
CREATE INDEX t_code ON t (code);
CREATE VIEW v AS SELECT name, at FROM t;
