//! The rows, as the tables hold them. Private: callers see the nouns of the other modules.

#![expect(unreachable_pub, reason = "SeaORM's macros write plain `pub`")]

macro_rules! entity {
    ($module:ident, $table:literal, { $($fields:tt)* }) => {
        pub(crate) mod $module {
            use sea_orm::entity::prelude::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model { $($fields)* }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    };
}

entity!(installation, "installation", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub setup_hash: Option<String>,
    pub setup_expires_at: Option<i64>,
    pub set_up_at: Option<i64>,
});

entity!(user, "users", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub email: String,
    pub email_key: String,
    pub name: String,
    pub role: String,
    pub password_hash: Option<String>,
    pub disabled: bool,
    pub search: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub last_sign_in_at: Option<i64>,
});

entity!(session, "sessions", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub token_hash: String,
    pub user_id: String,
    pub created_at: i64,
    pub last_seen_at: i64,
    pub address: Option<String>,
    pub user_agent: Option<String>,
});

entity!(sign_in_link, "sign_in_links", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_hash: String,
    pub user_id: String,
    pub expires_at: i64,
    pub used_at: Option<i64>,
});

entity!(api_token, "api_tokens", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub token_hash: String,
    pub owner_id: String,
    pub name: String,
    pub prefix: String,
    pub scopes: String,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub last_used_at: Option<i64>,
});

entity!(login_attempt, "login_attempts", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub window_started_at: i64,
    pub count: i64,
});

entity!(object, "objects", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub kind: String,
    pub slug: String,
    pub title: String,
    pub description: String,
    pub owner_id: String,
    pub collection: Option<String>,
    pub definition: String,
    pub search: String,
    pub version: i64,
    pub public: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
});

entity!(object_version, "object_versions", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub object_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    pub slug: String,
    pub title: String,
    pub description: String,
    pub collection: Option<String>,
    pub definition: String,
    pub changed_by: Option<String>,
    pub changed_at: i64,
});

entity!(star, "stars", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub object_id: String,
});

entity!(execution, "executions", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub principal_id: Option<String>,
    pub sql: String,
    pub parameters: String,
    pub catalog: Option<String>,
    pub database: Option<String>,
    pub engine: Option<String>,
    pub route_reason: Option<String>,
    pub state: String,
    pub estimate: Option<String>,
    pub statistics: Option<String>,
    pub columns: Option<String>,
    pub error: Option<String>,
    pub origin: Option<String>,
    pub tables: Option<String>,
    pub approval: Option<String>,
    pub created_at: i64,
    pub finished_at: Option<i64>,
});

entity!(catalog, "catalogs", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub source: String,
    pub sealed_secret: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
});

entity!(seed, "seeds", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub content_hash: String,
    pub source: String,
    pub row_count: i64,
    pub reader: Option<String>,
    pub seeded_at: i64,
});

entity!(data_version, "data_versions", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub catalog: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub table_name: String,
    pub version: i64,
});

entity!(preferences, "preferences", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    pub value: String,
});

entity!(prepared_statement, "prepared_statements", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub statement: String,
    pub updated_at: i64,
});

entity!(audit, "audit", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub at: i64,
    pub actor_id: Option<String>,
    pub action: String,
    pub target: String,
    pub outcome: String,
    pub detail: String,
    pub address: Option<String>,
});

entity!(idempotency_key, "idempotency_keys", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub actor: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub request_hash: String,
    pub status: Option<i32>,
    pub body: Option<String>,
    pub created_at: i64,
});

entity!(charge, "charges", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub execution_id: String,
    pub at: i64,
    pub principal_id: Option<String>,
    pub token_id: Option<String>,
    pub dashboard_id: Option<String>,
    pub tile: Option<String>,
    pub query_id: Option<String>,
    pub engine: String,
    pub estimated_bytes: Option<i64>,
    pub exact: bool,
    pub bytes: i64,
    pub nano_usd: i64,
    pub saved_nano_usd: i64,
    pub settled: bool,
    pub complete: bool,
});

entity!(charge_table, "charge_tables", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub execution_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub bytes: i64,
    pub nano_usd: i64,
});

entity!(spent_day, "spent_days", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub principal_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub token_id: String,
    pub bytes: i64,
    pub nano_usd: i64,
});

entity!(reuse, "reuses", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: i64,
    #[sea_orm(primary_key, auto_increment = false)]
    pub principal_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub dashboard_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub engine: String,
    pub runs: i64,
    pub saved_nano_usd: i64,
});

entity!(budget, "budgets", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub subject_kind: String,
    pub subject: String,
    pub period: String,
    pub limit_bytes: Option<i64>,
    pub limit_nano_usd: Option<i64>,
    pub action: String,
    pub created_at: i64,
    pub updated_at: i64,
});

entity!(approval, "approvals", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub execution_id: String,
    pub principal_id: Option<String>,
    pub sql: String,
    pub engine: String,
    pub reason: String,
    pub estimate: Option<String>,
    pub state: String,
    pub asked_at: i64,
    pub expires_at: i64,
    pub seen_at: i64,
    pub decided_by: Option<String>,
    pub decided_at: Option<i64>,
    pub note: Option<String>,
});

entity!(group, "groups", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub name: String,
    pub name_key: String,
    pub created_at: i64,
    pub updated_at: i64,
});

entity!(group_member, "group_members", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub group_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
});

entity!(partition_rule, "partition_rules", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub catalog: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub database: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub table_name: String,
    pub keys: String,
});

entity!(shared_result, "shared_results", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub body: Vec<u8>,
    pub bytes: i64,
    pub bonus_ms: i64,
    pub used_at: i64,
    pub created_at: i64,
});

entity!(claim, "claims", {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub holder: String,
    pub expires_at: i64,
});
