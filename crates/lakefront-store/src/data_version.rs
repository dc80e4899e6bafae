//! Where data changed, for the other instances: each counts up what it hears of, and looks for what others counted.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Statement,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{Result, Scope, Store, entity::data_version};

/// A catalog, and a table of it as `database.table`; without one, any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataPlace {
    pub catalog: String,
    pub table: Option<String>,
}

/// Numbers that grow with every change.
pub type DataVersions = BTreeMap<DataPlace, i64>;

impl Store {
    /// Counts up the places given, which are few; by the system only.
    pub async fn touch_data(&self, scope: &Scope, places: &BTreeSet<DataPlace>) -> Result<()> {
        scope.must_be_system()?;
        // In one order everywhere, so that two instances wait for each other in no circle.
        let rows = places.iter().map(|place| {
            let row = data_version::Model {
                catalog: place.catalog.clone(),
                table_name: place.table.clone().unwrap_or_default(),
                version: 1,
            };
            row.into_active_model().reset_all()
        });
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return Ok(());
        }
        let counted = Expr::col((data_version::Entity, data_version::Column::Version)).add(1);
        let conflict = OnConflict::columns([data_version::Column::Catalog, data_version::Column::TableName])
            .value(data_version::Column::Version, counted)
            .to_owned();
        writing!(self, |tx| {
            let insert = data_version::Entity::insert_many(rows.clone()).on_conflict(conflict.clone());
            insert.exec_without_returning(tx).await?;
            Ok(())
        })
    }

    /// A number that is another one whenever any place was counted up; by the system only. One short read.
    pub async fn data_version(&self, scope: &Scope) -> Result<i64> {
        scope.must_be_system()?;
        reading!(self, |tx| {
            let sql = "SELECT CAST(coalesce(sum(version), 0) AS BIGINT) AS version FROM data_versions";
            let row = tx.query_one_raw(Statement::from_string(tx.get_database_backend(), sql)).await?;
            Ok(row.map_or(Ok(0), |row| row.try_get("", "version"))?)
        })
    }

    /// All places; by the system only.
    pub async fn data_versions(&self, scope: &Scope) -> Result<DataVersions> {
        scope.must_be_system()?;
        let rows = reading!(self, |tx| Ok(data_version::Entity::find().all(tx).await?))?;
        let place = |row: data_version::Model| {
            let table = Some(row.table_name).filter(|name| !name.is_empty());
            (DataPlace { catalog: row.catalog, table }, row.version)
        };
        Ok(rows.into_iter().map(place).collect())
    }
}
