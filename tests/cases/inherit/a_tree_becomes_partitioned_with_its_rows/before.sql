CREATE TABLE logs (id integer NOT NULL, day date NOT NULL, what text);
CREATE TABLE logs_2025 (CHECK (day >= '2025-01-01' AND day < '2026-01-01')) INHERITS (logs);
CREATE TABLE logs_2026 (CHECK (day >= '2026-01-01' AND day < '2027-01-01')) INHERITS (logs);
CREATE INDEX logs_2025_day ON logs_2025 (day);
