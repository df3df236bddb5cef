CREATE TABLE parcels (place integer, weight integer) PARTITION BY LIST (place);
CREATE TABLE parcels_north PARTITION OF parcels FOR VALUES IN (1);
ALTER TABLE parcels ADD CONSTRAINT weighs CHECK (weight > 0) NOT VALID;
CREATE TABLE parcels_south PARTITION OF parcels FOR VALUES IN (2);
