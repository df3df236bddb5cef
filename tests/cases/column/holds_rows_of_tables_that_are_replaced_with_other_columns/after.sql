CREATE TABLE ev (id bigint, kind text, more int) PARTITION BY LIST (kind);
CREATE TABLE ev_a PARTITION OF ev FOR VALUES IN ('a') PARTITION BY HASH (id);
CREATE TABLE ev_a_1 PARTITION OF ev_a FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE h (k int, row ev_a, leaf ev_a_1, many text);
CREATE VIEW v AS SELECT (row).kind, (leaf).id FROM h;
