-- The same text for SQLite and PostgreSQL. Results that instances share, and who is making one.

CREATE TABLE shared_results (
    key TEXT PRIMARY KEY, -- a hash of all that the result depends on
    body BYTEA NOT NULL, -- compressed, behind a hash of its own
    bytes BIGINT NOT NULL, -- of the body
    bonus_ms BIGINT NOT NULL, -- by so much what is dear to make again outlives its last use
    used_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE claims (
    key TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at BIGINT NOT NULL -- by the database's clock
);
