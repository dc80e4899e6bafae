//! Budgets: how much people, groups, roles, tokens and everyone may read or spend; for administrators.

use axum::extract::State;
use axum::http::StatusCode;
use lakefront_store::{BudgetChange, BudgetState, NewBudget};
use serde::Serialize;
use serde_json::{Value, json};
use ulid::Ulid;
use utoipa::ToSchema;

use super::extract::{Json, Path};
use super::idempotency::Idempotent;
use crate::app::App;
use crate::auth::{Administer, Can};
use crate::error::{Problem, ProblemDocument};

/// A budget and how much of it is used.
#[derive(ToSchema)]
#[schema(as = Budget)]
#[expect(dead_code, reason = "describes the store's budget for the OpenAPI document")]
pub struct BudgetSchema {
    id: String,
    subject: SubjectSchema,
    /// Name of the person, group or token.
    subject_name: Option<String>,
    /// `run`, `day` or `month`, in UTC.
    period: String,
    limit_bytes: Option<u64>,
    /// Decimal text.
    limit_usd: Option<String>,
    /// `block`, or `ask`: a run above the limit waits for an administrator.
    action: String,
    /// In the current period, runs under way with their estimates; of a role's budget, by whoever used most.
    spent_bytes: u64,
    spent_usd: String,
    renews_at: Option<String>,
    created_at: String,
    updated_at: String,
}

/// Whom a budget is for.
#[derive(ToSchema)]
#[schema(as = BudgetSubject)]
#[expect(dead_code, reason = "describes the store's budget for the OpenAPI document")]
pub struct SubjectSchema {
    /// `everyone` (all together), `role` (each person of it), `user`, `token`, or `catalog` (single runs only).
    kind: String,
    /// Of the user, group or token.
    id: Option<String>,
    role: Option<String>,
    /// Of the catalog.
    name: Option<String>,
}

#[derive(ToSchema)]
#[schema(as = NewBudget)]
#[expect(dead_code, reason = "describes the store's budget for the OpenAPI document")]
pub struct NewBudgetSchema {
    subject: SubjectSchema,
    /// `run`, `day` or `month`, in UTC.
    period: String,
    /// This or `limit_usd`, or both.
    limit_bytes: Option<u64>,
    /// Decimal text.
    limit_usd: Option<String>,
    /// `block` or `ask`.
    action: String,
}

#[derive(ToSchema)]
#[schema(as = BudgetChange)]
#[expect(dead_code, reason = "describes the store's budget for the OpenAPI document")]
pub struct BudgetChangeSchema {
    /// `null` takes the limit away.
    limit_bytes: Option<u64>,
    limit_usd: Option<String>,
    action: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct BudgetList {
    #[schema(value_type = Vec<BudgetSchema>)]
    items: Vec<BudgetState>,
    next_cursor: Option<String>,
}

/// Every budget, oldest first.
#[utoipa::path(get, path = "/api/v1/budgets", tag = "budgets", extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = BudgetList), (status = 403, body = ProblemDocument)))]
pub async fn list(State(app): State<App>, actor: Can<Administer>) -> Result<Json<BudgetList>, Problem> {
    Ok(Json(BudgetList { items: app.store.budgets(&actor.scope).await?, next_cursor: None }))
}

/// Makes a budget, which counts from now on, with what the period has seen already.
#[utoipa::path(post, path = "/api/v1/budgets", tag = "budgets", request_body = NewBudgetSchema, extensions(("x-permission" = json!("administer"))),
    responses((status = 201, body = BudgetSchema), (status = 400, body = ProblemDocument)))]
pub async fn create(
    State(app): State<App>,
    actor: Can<Administer>,
    once: Idempotent,
    Json(new): Json<NewBudget>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let request = json!(new);
    let work = async {
        let budget = app.store.create_budget(&actor.scope, new).await?;
        Ok((StatusCode::CREATED, json!(budget)))
    };
    let (status, body) = once.run(&app, &actor.scope, &request, work).await?;
    Ok((status, Json(body)))
}

/// A budget.
#[utoipa::path(get, path = "/api/v1/budgets/{id}", tag = "budgets", params(("id" = String, Path)), extensions(("x-permission" = json!("administer"))),
    responses((status = 200, body = BudgetSchema), (status = 404, body = ProblemDocument)))]
pub async fn get(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<Ulid>,
) -> Result<Json<BudgetState>, Problem> {
    Ok(Json(app.store.budget(&actor.scope, id).await?))
}

/// Changes limits or action.
#[utoipa::path(patch, path = "/api/v1/budgets/{id}", tag = "budgets", params(("id" = String, Path)), request_body = BudgetChangeSchema,
    extensions(("x-permission" = json!("administer"))), responses((status = 200, body = BudgetSchema), (status = 404, body = ProblemDocument)))]
pub async fn update(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<Ulid>,
    Json(change): Json<BudgetChange>,
) -> Result<Json<BudgetState>, Problem> {
    Ok(Json(app.store.update_budget(&actor.scope, id, change).await?))
}

/// Takes a budget away.
#[utoipa::path(delete, path = "/api/v1/budgets/{id}", tag = "budgets", params(("id" = String, Path)), extensions(("x-permission" = json!("administer"))),
    responses((status = 204), (status = 404, body = ProblemDocument)))]
pub async fn delete(
    State(app): State<App>,
    actor: Can<Administer>,
    Path(id): Path<Ulid>,
) -> Result<StatusCode, Problem> {
    app.store.delete_budget(&actor.scope, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
