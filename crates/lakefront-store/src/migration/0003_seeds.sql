-- The same text for SQLite and PostgreSQL. The tables that `lakefront seed` has loaded.

CREATE TABLE seeds (
    name TEXT PRIMARY KEY,
    content_hash TEXT NOT NULL,
    source TEXT NOT NULL, -- the file's name
    row_count BIGINT NOT NULL,
    reader TEXT, -- the role that may read the table and nothing else; only with PostgreSQL
    seeded_at BIGINT NOT NULL
);
