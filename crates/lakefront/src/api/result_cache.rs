//! The stored results of the instance that answers, and those that all instances share.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::Json;
use crate::app::App;
use crate::auth::{Administer, Can};
use crate::error::{Problem, ProblemDocument};

#[derive(Debug, Serialize, ToSchema)]
pub struct ResultCache {
    /// On the disk of the instance that answers.
    local: StoredResults,
    /// In the app database, for all instances; absent where nothing is shared.
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<StoredResults>,
    hits: CacheHits,
    /// Runs of this instance, since it began, that a stored result could have answered.
    misses: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct StoredResults {
    entries: u64,
    bytes: u64,
    limit_bytes: u64,
    /// Results that this instance has removed to make room, since it began.
    evictions: u64,
}

/// Answers of this instance, since it began, by where their rows were.
#[derive(Debug, Serialize, ToSchema)]
pub struct CacheHits {
    memory: u64,
    disk: u64,
    database: u64,
}

/// How full the stores of results are, and how often they answered.
#[utoipa::path(get, path = "/api/v1/result-cache", tag = "costs", extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = ResultCache), (status = 403, body = ProblemDocument), (status = 503, body = ProblemDocument)))]
pub async fn state(State(app): State<App>, _actor: Can<Administer>) -> Result<Json<ResultCache>, Problem> {
    let local = app.queries.result_cache();
    let shared = match &app.shared_results {
        Some(shared) => Some(shared.count().await?),
        None => None,
    };
    Ok(Json(ResultCache {
        local: StoredResults {
            entries: local.entries,
            bytes: local.bytes,
            limit_bytes: local.limit_bytes,
            evictions: local.evictions,
        },
        database: shared.map(|shared| StoredResults {
            entries: shared.entries,
            bytes: shared.bytes,
            limit_bytes: shared.limit_bytes,
            evictions: shared.evictions,
        }),
        hits: CacheHits { memory: local.memory_hits, disk: local.disk_hits, database: local.shared_hits },
        misses: local.misses,
    }))
}
