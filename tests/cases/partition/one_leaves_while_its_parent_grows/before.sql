CREATE TABLE places (place integer PRIMARY KEY);
CREATE TABLE visits (place integer, guests integer) PARTITION BY LIST (place);
CREATE TABLE visits_north PARTITION OF visits FOR VALUES IN (1);
