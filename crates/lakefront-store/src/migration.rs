//! The steps that bring a database of any age to this program's tables. A released step never changes.

use sea_orm_migration::{
    async_trait::async_trait,
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Initial),
            Box::new(Costs),
            Box::new(Seeds),
            Box::new(DataVersions),
            Box::new(SharedResults),
            Box::new(PublicDashboards),
            Box::new(PreparedStatements),
        ]
    }
}

/// The names of all steps, in order.
pub(crate) fn names() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

struct Initial;

impl MigrationName for Initial {
    fn name(&self) -> &str {
        "0001_initial"
    }
}

#[async_trait]
impl MigrationTrait for Initial {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        db.execute_unprepared(include_str!("migration/0001_initial.sql")).await?;
        db.execute_unprepared(match manager.get_database_backend() {
            DbBackend::Postgres => include_str!("migration/0001_append_only_postgres.sql"),
            _ => include_str!("migration/0001_append_only_sqlite.sql"),
        })
        .await?;
        Ok(())
    }
}

struct Costs;

impl MigrationName for Costs {
    fn name(&self) -> &str {
        "0002_costs"
    }
}

#[async_trait]
impl MigrationTrait for Costs {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("migration/0002_costs.sql")).await?;
        Ok(())
    }
}

struct Seeds;

impl MigrationName for Seeds {
    fn name(&self) -> &str {
        "0003_seeds"
    }
}

#[async_trait]
impl MigrationTrait for Seeds {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("migration/0003_seeds.sql")).await?;
        Ok(())
    }
}

struct DataVersions;

impl MigrationName for DataVersions {
    fn name(&self) -> &str {
        "0004_data_versions"
    }
}

#[async_trait]
impl MigrationTrait for DataVersions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("migration/0004_data_versions.sql")).await?;
        Ok(())
    }
}

struct SharedResults;

impl MigrationName for SharedResults {
    fn name(&self) -> &str {
        "0005_shared_results"
    }
}

#[async_trait]
impl MigrationTrait for SharedResults {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("migration/0005_shared_results.sql")).await?;
        Ok(())
    }
}

struct PublicDashboards;

impl MigrationName for PublicDashboards {
    fn name(&self) -> &str {
        "0006_public_dashboards"
    }
}

#[async_trait]
impl MigrationTrait for PublicDashboards {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("migration/0006_public_dashboards.sql")).await?;
        Ok(())
    }
}

struct PreparedStatements;

impl MigrationName for PreparedStatements {
    fn name(&self) -> &str {
        "0007_prepared_statements"
    }
}

#[async_trait]
impl MigrationTrait for PreparedStatements {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(include_str!("migration/0007_prepared_statements.sql")).await?;
        Ok(())
    }
}
