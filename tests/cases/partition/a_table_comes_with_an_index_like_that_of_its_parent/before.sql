CREATE TABLE visits (place integer, day date) PARTITION BY LIST (place);
CREATE INDEX visits_day ON visits (day);
CREATE TABLE visits_north (place integer, day date);
CREATE INDEX local_day ON visits_north (day);
