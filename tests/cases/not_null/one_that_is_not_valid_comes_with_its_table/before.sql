CREATE TABLE other (place integer) PARTITION BY LIST (place);
