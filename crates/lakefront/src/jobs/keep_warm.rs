//! Dashboards that are kept warm: when data changes, their statements run before anybody asks.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures::StreamExt;
use lakefront_store::{Claim, Object};
use ulid::Ulid;

use crate::api::dashboard_data::{self, Definition, Statement};
use crate::app::{App, system};
use crate::auth::Actor;

/// Changes within so long are one.
const GATHERING: Duration = Duration::from_millis(500);
/// The first requests of a new server come before it.
const START: Duration = Duration::from_secs(5);
/// Statements that run at the same time, of all dashboards together: people come first.
const TOGETHER: usize = 2;
/// So long other instances, which see the same change a little later, leave a statement to the one that saw it first.
const CLAIM: Duration = Duration::from_secs(600);

/// The data that each statement of a dashboard was last run for.
type Known = HashMap<Ulid, BTreeMap<Statement, String>>;

/// A statement whose data has changed.
struct Due {
    /// Its id and its owner's.
    dashboard: (Ulid, Ulid),
    name: String,
    statement: Statement,
    version: String,
}

/// Runs what reads new data, as the dashboards' owners.
pub async fn follow(app: App) {
    let mut changes = app.queries.catalogs().versions();
    let mut known = Known::new();
    tokio::time::sleep(START).await;
    loop {
        changes.mark_unchanged();
        match app.store.warm_dashboards(&system("keep warm")).await {
            Ok(dashboards) => warm(&app, &dashboards, &mut known).await,
            Err(error) => tracing::warn!(%error, "dashboards are not kept warm: {error}"),
        }
        if changes.changed().await.is_err() {
            return;
        }
        tokio::time::sleep(GATHERING).await;
    }
}

async fn warm(app: &App, dashboards: &[Object], known: &mut Known) {
    known.retain(|id, _| dashboards.iter().any(|dashboard| dashboard.id == *id));
    let mut due = Vec::new();
    for dashboard in dashboards {
        let Ok(definition) = Definition::parse(&dashboard.definition) else { continue };
        let before = known.remove(&dashboard.id).unwrap_or_default();
        let mut now = BTreeMap::new();
        for (statement, (name, version)) in definition.versions(app) {
            if before.get(&statement) != Some(&version) {
                due.push(Due {
                    dashboard: (dashboard.id, dashboard.owner.id),
                    name,
                    statement: statement.clone(),
                    version: version.clone(),
                });
            }
            now.insert(statement, version);
        }
        known.insert(dashboard.id, now);
    }
    let count = due.len();
    let ran = futures::stream::iter(due)
        .map(|due| async move {
            let id = due.dashboard.0;
            match run(app, due).await {
                Ok(ran) => usize::from(ran),
                Err(error) => {
                    tracing::warn!(dashboard = %id, "dashboard {id} is not kept warm: {error:#}");
                    0
                }
            }
        })
        .buffer_unordered(TOGETHER)
        .fold(0, |sum, ran| async move { sum + ran })
        .await;
    if count > 0 {
        tracing::debug!(due = count, ran, "{ran} of {count} statements were run to keep dashboards warm");
    }
}

/// Whether it was this instance that ran it.
async fn run(app: &App, due: Due) -> anyhow::Result<bool> {
    let Due { dashboard: (dashboard, owner), name, statement, version } = due;
    let scope = system("keep warm");
    let what = serde_json::json!(["keep warm", dashboard, name, format!("{statement:?}"), version]).to_string();
    let key = blake3::hash(what.as_bytes()).to_hex().to_string();
    let claim = Claim { key, holder: Ulid::generate().to_string(), lease: CLAIM };
    if !app.store.claim(&scope, &claim).await? {
        return Ok(false);
    }
    let owner = app.store.user(&scope, owner).await?;
    if owner.disabled {
        return Ok(false);
    }
    dashboard_data::warm(app, &Actor::absent(owner), dashboard, name, &statement).await?;
    Ok(true)
}
