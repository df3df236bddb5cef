CREATE TABLE readings (
    place integer NOT NULL,
    taken integer NOT NULL
) PARTITION BY LIST (place);
CREATE TABLE readings_north PARTITION OF readings FOR VALUES IN (1);
CREATE TABLE readings_south PARTITION OF readings FOR VALUES IN (2);
ALTER TABLE readings_north ADD CONSTRAINT readings_north_pkey PRIMARY KEY (place, taken);
