CREATE TABLE places (place integer PRIMARY KEY);
CREATE TABLE visits (
    place integer REFERENCES places,
    guests integer NOT NULL,
    remark text CONSTRAINT speaks CHECK (remark <> ''),
    CONSTRAINT guested CHECK (guests > 0)
);
CREATE TABLE visits_north (place integer, guests integer);
