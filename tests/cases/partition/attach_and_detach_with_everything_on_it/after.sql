
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE parent (id int NOT NULL, day date NOT NULL, customer int CONSTRAINT parent_customer REFERENCES customer, note text,
  CONSTRAINT parent_pkey PRIMARY KEY (id, day), CONSTRAINT positive CHECK (id > 0)) PARTITION BY RANGE (day);
CREATE INDEX parent_note ON parent (note);
CREATE TABLE first PARTITION OF parent FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE child (id int NOT NULL, day date NOT NULL, customer int, note text DEFAULT 'x',
  CONSTRAINT child_key PRIMARY KEY (id, day), CONSTRAINT positive CHECK (id > 0), CONSTRAINT local CHECK (id < 1000));
CREATE INDEX child_note ON child (note);
CREATE INDEX child_local ON child (day);
ALTER TABLE parent ATTACH PARTITION child FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
