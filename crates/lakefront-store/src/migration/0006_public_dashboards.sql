-- The same text for SQLite and PostgreSQL. Dashboards that anyone with the address may read.

ALTER TABLE objects ADD COLUMN public BOOLEAN NOT NULL DEFAULT FALSE;

-- Whom their runs belong to in history, costs and budgets. Nobody signs in as it: it is disabled, and without an @ no
-- e-mail address is equal to its own.
INSERT INTO users (id, email, email_key, name, role, password_hash, disabled, search, created_at, updated_at)
VALUES ('00000000000000000000000000', 'public', 'public', 'Public', 'viewer', NULL, TRUE, 'public', 0, 0);
