use sea_orm::{EntityTrait, IntoActiveModel, sea_query::OnConflict};
use serde_json::json;

use crate::{Result, Scope, Store, audit, column::without_nul, entity::partition_rule};

/// Partition keys that statements which read a table must restrict. Names are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRule {
    pub catalog: String,
    pub database: String,
    pub table: String,
    pub keys: Vec<String>,
}

impl Store {
    /// Everyone.
    pub async fn partition_rules(&self, _scope: &Scope) -> Result<Vec<PartitionRule>> {
        let rows = reading!(self, |tx| Ok(partition_rule::Entity::find().all(tx).await?))?;
        rows.into_iter()
            .map(|row| {
                let keys = serde_json::from_str(&row.keys)?;
                Ok(PartitionRule { catalog: row.catalog, database: row.database, table: row.table_name, keys })
            })
            .collect()
    }

    /// Editors and administrators. Without keys the rule is gone.
    pub async fn set_partition_rule(&self, scope: &Scope, rule: PartitionRule) -> Result<()> {
        scope.must_edit()?;
        let lower = |name: &str| without_nul(&name.to_lowercase());
        let (catalog, database, table_name) = (lower(&rule.catalog), lower(&rule.database), lower(&rule.table));
        let row = partition_rule::Model { catalog, database, table_name, keys: serde_json::to_string(&rule.keys)? };
        writing!(self, |tx| {
            let id = (row.catalog.clone(), row.database.clone(), row.table_name.clone());
            if rule.keys.is_empty() {
                partition_rule::Entity::delete_by_id(id).exec(tx).await?;
            } else {
                use partition_rule::Column::{Catalog, Database, Keys, TableName};
                let conflict = OnConflict::columns([Catalog, Database, TableName]).update_column(Keys).to_owned();
                let insert = partition_rule::Entity::insert(row.clone().into_active_model());
                insert.on_conflict(conflict).exec_without_returning(tx).await?;
            }
            let target = format!("{}.{}.{}", row.catalog, row.database, row.table_name);
            audit::append(self, tx, scope, "table.require_partition", &target, json!({"keys": rule.keys})).await
        })
    }
}
