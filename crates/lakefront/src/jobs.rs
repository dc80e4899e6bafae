//! What happens without anyone asking: housekeeping and looking for new data.

pub mod history;
mod keep_warm;

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::app::{App, system};
use crate::freshness;

const SWEEP: Duration = Duration::from_secs(300);
const CATALOGS: Duration = Duration::from_secs(15);
const COSTS: Duration = Duration::from_secs(10);
const HISTORY_DAYS: i64 = 90;

/// Starts the jobs; they end with the server.
pub fn start(app: &App) {
    spawn(app, housekeeping(app.clone()));
    spawn(app, warm_up(app.clone()));
    spawn(app, catalogs(app.clone()));
    spawn(app, costs(app.clone()));
    if let Some(shared) = app.shared_results.clone() {
        spawn(app, shared.keep_to_limit());
    }
    spawn(app, freshness::count(app.clone()));
    spawn(app, freshness::look(app.clone()));
    spawn(app, freshness::tell_found(app.clone()));
    spawn(app, keep_warm::follow(app.clone()));
    spawn(app, freshness::follow_queue(app.clone()));
}

fn spawn(app: &App, job: impl Future<Output = ()> + Send + 'static) {
    let stop = app.stop.clone();
    tokio::spawn(async move { stop.run_until_cancelled(job).await });
}

/// Reading the renderer's script takes a tenth of a second of CPU: not while the first requests come in.
async fn warm_up(app: App) {
    tokio::time::sleep(Duration::from_millis(500)).await;
    app.pages.warm_up();
}

async fn housekeeping(app: App) {
    let scope = system("housekeeping");
    // What an earlier process left running will not end any more.
    let error = json!({"code": "INTERRUPTED", "detail": "The server stopped while this was running."});
    let longest = TimeDelta::seconds(i64::try_from(app.settings.query.deadline_s).unwrap_or(3600) + 60);
    let mut tick = tokio::time::interval(SWEEP);
    loop {
        tick.tick().await;
        let now = Utc::now();
        let outcome = tokio::try_join!(
            app.store.sweep(&scope),
            app.store.delete_costs(&scope),
            app.store.delete_executions(&scope, now - TimeDelta::days(HISTORY_DAYS)),
            app.store.fail_abandoned_executions(&scope, now - longest, error.clone()),
        );
        match outcome {
            Ok((swept, costs, deleted, failed)) => {
                tracing::debug!(swept, costs, deleted, failed, "housekeeping is done")
            }
            Err(error) => tracing::warn!(%error, "housekeeping failed: {error}"),
        }
    }
}

/// Writes down the answers from stored results.
async fn costs(app: App) {
    let mut tick = tokio::time::interval(COSTS);
    loop {
        tick.tick().await;
        if let Err(error) = app.books.write_reuses().await {
            tracing::warn!(%error, "answers from stored results are not in the costs yet: {error}");
        }
    }
}

/// Takes over catalogs that a command or another instance has added; what is registered looks for new files by itself.
async fn catalogs(app: App) {
    let mut tick = tokio::time::interval(CATALOGS);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(error) = app.register_catalogs(&app.settings).await {
            tracing::warn!(%error, "catalogs could not be read: {error:#}");
        }
    }
}
