//! Writes executions to the app database, so that history and old ids outlive the process.

use std::sync::Arc;

use lakefront_query::{Execution, ExecutionState as State, ExecutionStatus};
use lakefront_store::{ExecutionState, ExecutionUpdate, NewExecution, Scope, StoreError};
use serde_json::{Value, json};

use crate::app::App;

/// Records `execution` now and once more when it has ended, without holding anyone up.
pub fn follow(app: &App, scope: &Scope, execution: Arc<Execution>, parameters: Value) {
    let (app, scope) = (app.clone(), scope.clone());
    app.background.clone().spawn(async move {
        if let Err(error) = record(&app, &scope, &execution, parameters).await {
            tracing::error!(execution_id = %execution.id, %error, "execution {} is missing in the history: {error}", execution.id);
        }
    });
}

async fn record(app: &App, scope: &Scope, execution: &Execution, parameters: Value) -> Result<(), StoreError> {
    let begun = execution.status();
    let new = NewExecution {
        id: begun.id,
        sql: begun.sql.clone(),
        parameters,
        catalog: execution.catalog.clone(),
        database: execution.database.clone(),
        engine: Some(begun.engine.to_string()),
        route_reason: Some(begun.route_reason.clone()),
        // A kept result ends at once; the rest comes with the update.
        state: if begun.state.is_final() { ExecutionState::Running } else { stored(begun.state) },
        estimate: Some(json!(begun.estimate)),
        origin: Some(json!(begun.origin)),
        tables: Some(json!(begun.tables)),
    };
    app.store.insert_execution(scope, new).await?;
    let mut states = execution.watch();
    let waits = |status: &ExecutionStatus| status.approval.is_some() || status.state.is_final();
    if let Ok(status) = states.wait_for(waits).await.map(|status| status.clone())
        && !status.state.is_final()
    {
        app.store.update_execution(scope, status.id, update(&status)).await?;
    }
    // The outcome is in the status.
    let _ = execution.finished().await;
    let status = execution.status();
    if status.statistics.reused {
        app.books.reused(&execution.principal, &status);
    }
    app.metrics.execution(status.engine.as_str(), name(status.state), status.statistics.scanned_bytes.unwrap_or(0));
    app.store.update_execution(scope, status.id, update(&status)).await
}

fn update(status: &ExecutionStatus) -> ExecutionUpdate {
    ExecutionUpdate {
        state: Some(stored(status.state)),
        engine: Some(status.engine.to_string()),
        route_reason: Some(status.route_reason.clone()),
        estimate: Some(json!(status.estimate)),
        statistics: Some(json!(status.statistics)),
        columns: Some(json!(status.columns)),
        error: status.error.as_ref().map(|error| json!(error)),
        tables: Some(json!(status.tables)),
        approval: status.approval.as_ref().map(|approval| json!(approval)),
    }
}

fn stored(state: State) -> ExecutionState {
    match state {
        State::Queued => ExecutionState::Queued,
        State::Running => ExecutionState::Running,
        State::Succeeded => ExecutionState::Succeeded,
        State::Failed => ExecutionState::Failed,
        State::Cancelled => ExecutionState::Cancelled,
    }
}

fn name(state: State) -> &'static str {
    match state {
        State::Queued => "queued",
        State::Running => "running",
        State::Succeeded => "succeeded",
        State::Failed => "failed",
        State::Cancelled => "cancelled",
    }
}
