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
            Step {
                // How a table is kept from being changed is each system's own.
                postgres: include_str!("migration/0001_append_only_postgres.sql"),
                sqlite: include_str!("migration/0001_append_only_sqlite.sql"),
                ..step("0001_initial", include_str!("migration/0001_initial.sql"))
            },
            step("0002_costs", include_str!("migration/0002_costs.sql")),
            step("0003_seeds", include_str!("migration/0003_seeds.sql")),
            step("0004_data_versions", include_str!("migration/0004_data_versions.sql")),
            step("0005_shared_results", include_str!("migration/0005_shared_results.sql")),
            step("0006_public_dashboards", include_str!("migration/0006_public_dashboards.sql")),
            step("0007_prepared_statements", include_str!("migration/0007_prepared_statements.sql")),
            step("0008_groups", include_str!("migration/0008_groups.sql")),
        ];
        steps.into_iter().map(|step| Box::new(step) as Box<dyn MigrationTrait>).collect()
    }
}

/// The names of all steps, in order.
pub(crate) fn names() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

struct Step {
    name: &'static str,
    /// For both systems.
    sql: &'static str,
    /// What follows in each, if anything.
    postgres: &'static str,
    sqlite: &'static str,
}

fn step(name: &'static str, sql: &'static str) -> Step {
    Step { name, sql, postgres: "", sqlite: "" }
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
        let own = match manager.get_database_backend() {
            DbBackend::Postgres => self.postgres,
            _ => self.sqlite,
        };
        for sql in [self.sql, own].into_iter().filter(|sql| !sql.is_empty()) {
            db.execute_unprepared(sql).await?;
        }
        Ok(())
    }
}
