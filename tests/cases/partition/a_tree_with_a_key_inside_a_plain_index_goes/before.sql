CREATE TABLE places (place integer, day date) PARTITION BY LIST (place);
CREATE TABLE places_north PARTITION OF places (UNIQUE (place, day)) FOR VALUES IN (1);
CREATE UNIQUE INDEX places_once ON places (place, day);
CREATE TABLE visits (place integer, day date) PARTITION BY LIST (place);
CREATE TABLE visits_north PARTITION OF visits FOR VALUES IN (1);
CREATE UNIQUE INDEX visits_once ON visits (place, day);
ALTER TABLE visits ADD CONSTRAINT planned FOREIGN KEY (place, day) REFERENCES places (place, day);
ALTER TABLE places ADD CONSTRAINT visited FOREIGN KEY (place, day) REFERENCES visits (place, day);
