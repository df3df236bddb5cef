CREATE TABLE notes (id integer, note text);
GRANT SELECT ON notes TO passing_a WITH GRANT OPTION;
SET ROLE passing_a; GRANT SELECT ON notes TO passing_b WITH GRANT OPTION; RESET ROLE;
SET ROLE passing_b; GRANT SELECT ON notes TO passing_c WITH GRANT OPTION; GRANT SELECT (id) ON notes TO passing_d; RESET ROLE;
