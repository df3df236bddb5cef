CREATE TABLE parcels (
    place integer,
    weight integer
) PARTITION BY LIST (place);
CREATE TABLE parcels_old PARTITION OF parcels FOR VALUES IN (1);
ALTER TABLE parcels ADD CONSTRAINT weighs CHECK (weight > 5) NOT VALID;
CREATE TABLE parcels_new PARTITION OF parcels FOR VALUES IN (2);
