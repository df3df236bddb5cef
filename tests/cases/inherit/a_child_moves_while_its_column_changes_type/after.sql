CREATE TABLE one (id int NOT NULL, v int);
CREATE TABLE two (id int NOT NULL, v bigint);
CREATE TABLE child (extra text) INHERITS (two);
CREATE TABLE grandchild (more text) INHERITS (child);
CREATE TABLE stays (more text) INHERITS (one);
CREATE TABLE other (o int);
CREATE TABLE come (id bigint CONSTRAINT positive CHECK (id > 0), v bigint NOT NULL, u text);
CREATE TABLE come_too (w varchar(10) COLLATE "C", s int, g int GENERATED ALWAYS AS (s + 1) STORED, new_only text);
CREATE TABLE heir (x int, extra text) INHERITS (other, come, come_too);
