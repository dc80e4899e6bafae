-- The same text for SQLite and PostgreSQL. How instances tell each other where data changed.

CREATE TABLE data_versions (
    catalog TEXT NOT NULL,
    table_name TEXT NOT NULL, -- database.table, or empty: any table of the catalog
    version BIGINT NOT NULL,
    PRIMARY KEY (catalog, table_name)
);
