-- Rows of the children that move would be seen in other parents.
INSERT INTO stays VALUES (1);
ALTER TABLE p DROP CONSTRAINT positive;
INSERT INTO p VALUES (-1);
ALTER TABLE p ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;
ALTER TABLE is_no_longer_valid VALIDATE CONSTRAINT positive;
ALTER TABLE is_one_of_two VALIDATE CONSTRAINT positive;
