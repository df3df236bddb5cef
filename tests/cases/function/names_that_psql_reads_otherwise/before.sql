CREATE TABLE stays (id integer PRIMARY KEY, begin integer, "end" integer, "USER" integer, prices integer[]);
