
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE t (id int, a int NOT NULL, d int, CONSTRAINT f FOREIGN KEY (id) REFERENCES p (id),
  CONSTRAINT c CHECK (a > 0) NOT ENFORCED, CONSTRAINT c2 CHECK (a > 1));
ALTER TABLE t ADD CONSTRAINT d_there NOT NULL d NOT VALID;
CREATE TABLE booked (id int4range, during daterange, CONSTRAINT booked_key PRIMARY KEY (id, during));
CREATE TABLE visit (id int4range, during daterange);
