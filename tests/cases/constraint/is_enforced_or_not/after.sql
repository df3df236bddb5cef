
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE t (id int, a int NOT NULL NO INHERIT, d int CONSTRAINT d_there NOT NULL, CONSTRAINT f FOREIGN KEY (id) REFERENCES p (id) NOT ENFORCED,
  CONSTRAINT c CHECK (a > 0), CONSTRAINT c2 CHECK (a > 1) NOT ENFORCED);
CREATE TABLE booked (id int4range, during daterange, CONSTRAINT booked_key PRIMARY KEY (id, during WITHOUT OVERLAPS));
CREATE TABLE visit (id int4range, during daterange, CONSTRAINT fk FOREIGN KEY (id, PERIOD during) REFERENCES booked (id, PERIOD during));
