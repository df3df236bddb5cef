CREATE FUNCTION counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changes := OLD.changes + 1; RETURN NEW; END $$;
CREATE TABLE visits (
    place integer,
    changes integer
) PARTITION BY LIST (place);
CREATE TABLE visits_north PARTITION OF visits FOR VALUES IN (1);
CREATE TRIGGER counted BEFORE UPDATE ON visits FOR EACH ROW EXECUTE FUNCTION counted();
CREATE TRIGGER zealous BEFORE UPDATE ON visits FOR EACH ROW EXECUTE FUNCTION counted();
