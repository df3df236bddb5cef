CREATE TABLE days (day date, place integer, PRIMARY KEY (day, place)) PARTITION BY RANGE (day);
CREATE TABLE days_early PARTITION OF days FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE days_late PARTITION OF days FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
CREATE TABLE visits (day date, place integer, FOREIGN KEY (day, place) REFERENCES days ON UPDATE CASCADE);
CREATE TABLE plans (day date, place integer);
