-- The same text for SQLite and PostgreSQL. What people keep by PREPARE.

CREATE TABLE prepared_statements (
    user_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    statement TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, name)
);
