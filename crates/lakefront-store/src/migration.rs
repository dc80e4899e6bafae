//! The steps that bring a database of any age to this program's tables. A released step never changes.

use sea_orm_migration::{
    async_trait::async_trait,
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let steps = [
            Step { name: "0001_initial", sql: include_str!("migration/0001_initial.sql") },
            Step { name: "0002_costs", sql: include_str!("migration/0002_costs.sql") },
            Step { name: "0003_seeds", sql: include_str!("migration/0003_seeds.sql") },
            Step { name: "0004_data_versions", sql: include_str!("migration/0004_data_versions.sql") },
            Step { name: "0005_shared_results", sql: include_str!("migration/0005_shared_results.sql") },
            Step { name: "0006_public_dashboards", sql: include_str!("migration/0006_public_dashboards.sql") },
            Step { name: "0007_prepared_statements", sql: include_str!("migration/0007_prepared_statements.sql") },
            Step { name: "0008_groups", sql: include_str!("migration/0008_groups.sql") },
        ];
        steps.into_iter().map(|step| Box::new(step) as Box<dyn MigrationTrait>).collect()
    }
}

/// The names of all steps, in order.
pub(crate) fn names() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// The same text for SQLite and PostgreSQL.
struct Step {
    name: &'static str,
    sql: &'static str,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(self.sql).await?;
        if self.name == "0001_initial" {
            // How a table is kept from being changed is each system's own.
            let append_only = match manager.get_database_backend() {
                DbBackend::Postgres => include_str!("migration/0001_append_only_postgres.sql"),
                _ => include_str!("migration/0001_append_only_sqlite.sql"),
            };
            db.execute_unprepared(append_only).await?;
        }
        Ok(())
    }
}
