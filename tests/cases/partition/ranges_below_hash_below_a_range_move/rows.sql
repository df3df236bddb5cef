INSERT INTO "S '"."T t" SELECT i, i, 'x' || i FROM generate_series(0, 99) i;
