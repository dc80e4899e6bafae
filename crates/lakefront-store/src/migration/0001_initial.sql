-- The same text for SQLite and PostgreSQL. Ids are ULIDs, times are milliseconds since 1970 in UTC, JSON is text.

-- One row: whether the first administrator exists, and the token that may make them.
CREATE TABLE installation (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    setup_hash TEXT,
    setup_expires_at BIGINT,
    set_up_at BIGINT
);
INSERT INTO installation (id) VALUES (1);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE, -- in lower case
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT,
    disabled BOOLEAN NOT NULL,
    search TEXT NOT NULL, -- e-mail and name in lower case
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_sign_in_at BIGINT
);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id),
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    address TEXT,
    user_agent TEXT
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE sign_in_links (
    token_hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id),
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    owner_id TEXT NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT
);
CREATE INDEX api_tokens_owner ON api_tokens (owner_id);

CREATE TABLE login_attempts (
    key TEXT PRIMARY KEY,
    window_started_at BIGINT NOT NULL,
    count BIGINT NOT NULL
);

CREATE TABLE objects (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    slug TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    owner_id TEXT NOT NULL REFERENCES users (id),
    collection TEXT,
    definition TEXT NOT NULL,
    search TEXT NOT NULL, -- title, slug and description in lower case
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX objects_slug ON objects (kind, slug) WHERE deleted_at IS NULL;
CREATE INDEX objects_latest ON objects (kind, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX objects_owner ON objects (owner_id);

CREATE TABLE object_versions (
    object_id TEXT NOT NULL REFERENCES objects (id),
    version BIGINT NOT NULL,
    slug TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    collection TEXT,
    definition TEXT NOT NULL,
    changed_by TEXT REFERENCES users (id),
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (object_id, version)
);

CREATE TABLE stars (
    user_id TEXT NOT NULL REFERENCES users (id),
    object_id TEXT NOT NULL REFERENCES objects (id),
    PRIMARY KEY (user_id, object_id)
);

CREATE TABLE executions (
    id TEXT PRIMARY KEY,
    principal_id TEXT REFERENCES users (id),
    sql TEXT NOT NULL,
    parameters TEXT NOT NULL,
    catalog TEXT,
    database TEXT,
    engine TEXT,
    route_reason TEXT,
    state TEXT NOT NULL,
    estimate TEXT,
    statistics TEXT,
    columns TEXT,
    error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX executions_principal ON executions (principal_id, id);
CREATE INDEX executions_created ON executions (created_at);
CREATE INDEX executions_unfinished ON executions (created_at) WHERE finished_at IS NULL;

CREATE TABLE catalogs (
    name TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    sealed_secret TEXT, -- encrypted by the program, in base64
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE preferences (
    user_id TEXT PRIMARY KEY REFERENCES users (id),
    value TEXT NOT NULL
);

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor_id TEXT REFERENCES users (id),
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL,
    detail TEXT NOT NULL,
    address TEXT
);
CREATE INDEX audit_actor ON audit (actor_id, id);
CREATE INDEX audit_action ON audit (action, id);

CREATE TABLE idempotency_keys (
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    status INTEGER,
    body TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
