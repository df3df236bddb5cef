CREATE TABLE visits (place integer, day date) PARTITION BY LIST (place);
CREATE INDEX visits_day ON visits (day);
CREATE TABLE visits_north PARTITION OF visits FOR VALUES IN (1);
CREATE INDEX local_day ON visits_north (day);
CREATE TABLE visits_south PARTITION OF visits FOR VALUES IN (2);
CREATE INDEX another_day ON visits_south (day);
