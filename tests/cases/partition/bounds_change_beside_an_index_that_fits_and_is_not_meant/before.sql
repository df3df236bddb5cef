CREATE TABLE visits (place integer, day date) PARTITION BY LIST (place);
CREATE TABLE visits_north PARTITION OF visits FOR VALUES IN (1);
CREATE INDEX local_day ON visits_north (day DESC);
CREATE INDEX visits_north_day ON visits_north (day);
CREATE INDEX visits_day ON ONLY visits (day);
ALTER INDEX visits_day ATTACH PARTITION visits_north_day;
