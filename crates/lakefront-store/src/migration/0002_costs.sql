-- The same text for SQLite and PostgreSQL. Money is in billionths of a dollar.

ALTER TABLE executions ADD COLUMN origin TEXT;
ALTER TABLE executions ADD COLUMN tables TEXT;
ALTER TABLE executions ADD COLUMN approval TEXT;

-- One row for every run that an engine did. Until it is settled it counts with its estimate.
CREATE TABLE charges (
    execution_id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    principal_id TEXT REFERENCES users (id),
    token_id TEXT,
    dashboard_id TEXT,
    tile TEXT,
    query_id TEXT,
    engine TEXT NOT NULL,
    estimated_bytes BIGINT,
    exact BOOLEAN NOT NULL,
    bytes BIGINT NOT NULL,
    nano_usd BIGINT NOT NULL,
    saved_nano_usd BIGINT NOT NULL, -- what Athena would have charged above that
    settled BOOLEAN NOT NULL,
    complete BOOLEAN NOT NULL
);
CREATE INDEX charges_spent ON charges (at, principal_id, token_id, bytes, nano_usd);

CREATE TABLE charge_tables (
    execution_id TEXT NOT NULL REFERENCES charges (execution_id),
    name TEXT NOT NULL, -- catalog.database.table
    bytes BIGINT NOT NULL,
    nano_usd BIGINT NOT NULL,
    PRIMARY KEY (execution_id, name)
);

-- What stored results answered, by day.
CREATE TABLE reuses (
    day BIGINT NOT NULL, -- days since 1970
    principal_id TEXT NOT NULL, -- empty: the system
    dashboard_id TEXT NOT NULL, -- empty: none
    engine TEXT NOT NULL,
    runs BIGINT NOT NULL,
    saved_nano_usd BIGINT NOT NULL,
    PRIMARY KEY (day, principal_id, dashboard_id, engine)
);

CREATE TABLE budgets (
    id TEXT PRIMARY KEY,
    subject_kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    period TEXT NOT NULL,
    limit_bytes BIGINT,
    limit_nano_usd BIGINT,
    action TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE approvals (
    execution_id TEXT PRIMARY KEY,
    principal_id TEXT REFERENCES users (id),
    sql TEXT NOT NULL,
    engine TEXT NOT NULL,
    reason TEXT NOT NULL,
    estimate TEXT,
    state TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL, -- when the run was last known to wait
    decided_by TEXT REFERENCES users (id),
    decided_at BIGINT,
    note TEXT
);
CREATE INDEX approvals_waiting ON approvals (asked_at) WHERE state = 'waiting';

-- Partition keys that statements must restrict. Names in lower case.
CREATE TABLE partition_rules (
    catalog TEXT NOT NULL,
    database TEXT NOT NULL,
    table_name TEXT NOT NULL,
    keys TEXT NOT NULL,
    PRIMARY KEY (catalog, database, table_name)
);
