CREATE TABLE one (id int NOT NULL, v int);
CREATE TABLE two (id int NOT NULL, v bigint);
CREATE TABLE child (extra text) INHERITS (one);
CREATE TABLE grandchild (more text) INHERITS (child);
CREATE TABLE stays (more text) INHERITS (one);
CREATE TABLE other (o int);
-- With rows: its parents go and come.
CREATE TABLE gone (id int CONSTRAINT positive CHECK (id > 0), v int NOT NULL, w varchar(10), s int,
                   g int GENERATED ALWAYS AS (s + 1) STORED, old_only text);
CREATE TABLE gone_too (id int CONSTRAINT positive CHECK (id > 0), u text);
CREATE TABLE heir (x int, extra text) INHERITS (gone, other, gone_too);
