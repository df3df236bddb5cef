CREATE TABLE visits (place integer, day date, hour integer) PARTITION BY LIST (place);
CREATE INDEX visits_day ON visits (day);
CREATE INDEX visits_hour ON visits (hour);
CREATE UNIQUE INDEX visits_once ON visits (place, day, hour);
CREATE TABLE visits_north (place integer, day date, hour integer, CONSTRAINT own UNIQUE (place, day, hour));
CREATE INDEX packed ON visits_north (day) WITH (fillfactor = 50);
CREATE INDEX latest ON visits_north (hour DESC);
