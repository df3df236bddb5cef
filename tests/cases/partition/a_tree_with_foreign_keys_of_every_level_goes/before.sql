CREATE TABLE places (place integer PRIMARY KEY);
CREATE TABLE visits (place integer REFERENCES places ON DELETE SET NULL, day date) PARTITION BY LIST (place);
CREATE TABLE visits_north (place integer REFERENCES places ON DELETE CASCADE, day date) PARTITION BY RANGE (day);
CREATE TABLE visits_north_old (place integer REFERENCES places, day date);
ALTER TABLE visits_north ATTACH PARTITION visits_north_old FOR VALUES FROM ('2000-01-01') TO ('2010-01-01');
ALTER TABLE visits ATTACH PARTITION visits_north FOR VALUES IN (1);
