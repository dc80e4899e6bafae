//! Costs: what was read and spent, and what was saved; one's own, for administrators everyone's.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{Days, NaiveDate, NaiveTime, Utc};
use lakefront_store::{Accuracy, CostBy, CostRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Json, Query};
use crate::app::App;
use crate::auth::{Can, Read};
use crate::encode;
use crate::error::{Problem, ProblemDocument};

/// Days shown if nothing is said.
const DAYS: u64 = 30;
const MOST_DAYS: i64 = 400;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CostQuery {
    /// The first day, in UTC; 30 days with `to` if not said.
    #[param(value_type = Option<String>)]
    from: Option<NaiveDate>,
    /// The last day; today if not said.
    #[param(value_type = Option<String>)]
    to: Option<NaiveDate>,
    /// `day`, `user`, `dashboard`, `table` or `engine`; `day` if not said.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    by: CostBy,
    /// `csv`, or JSON if not said.
    format: Option<CostFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CostFormat {
    Json,
    Csv,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CostReport {
    #[schema(value_type = String)]
    from: NaiveDate,
    #[schema(value_type = String)]
    to: NaiveDate,
    #[schema(value_type = String)]
    by: CostBy,
    #[schema(value_type = CostRowSchema)]
    total: CostRow,
    #[schema(value_type = AccuracySchema)]
    accuracy: Accuracy,
    /// Days in order, the rest by cost.
    #[schema(value_type = Vec<CostRowSchema>)]
    items: Vec<CostRow>,
}

/// What was spent on one day, by one person, …
#[derive(ToSchema)]
#[schema(as = CostRow)]
#[expect(dead_code, reason = "describes the store's sums for the OpenAPI document")]
pub struct CostRowSchema {
    /// A date, an id, a table's full name, an engine; empty for what belongs to none.
    key: String,
    /// The person's or dashboard's name.
    name: Option<String>,
    /// Runs that an engine did.
    runs: u64,
    bytes: u64,
    /// Decimal text.
    usd: String,
    /// What Athena would have charged for the same runs above `usd`.
    saved_by_routing_usd: String,
    /// Answers from stored results.
    reused: u64,
    saved_by_reuse_usd: String,
}

/// How well estimates foretold what runs read.
#[derive(ToSchema)]
#[schema(as = EstimateAccuracy)]
#[expect(dead_code, reason = "describes the store's sums for the OpenAPI document")]
pub struct AccuracySchema {
    /// Finished runs whose estimate said to be exact, and those of them within 1 %.
    exact_runs: u64,
    within_1_percent: u64,
    /// Finished runs whose estimate was an upper bound, and those of them that kept it.
    bounded_runs: u64,
    within_bound: u64,
}

/// What was spent in a period, with what reuse and routing saved.
#[utoipa::path(get, path = "/api/v1/costs", tag = "costs", params(CostQuery), extensions(("x-permission" = json!("read"))),
    responses((status = 200, body = CostReport), (status = 400, body = ProblemDocument)))]
pub async fn report(
    State(app): State<App>,
    actor: Can<Read>,
    Query(query): Query<CostQuery>,
) -> Result<Response, Problem> {
    let to = query.to.unwrap_or_else(|| Utc::now().date_naive());
    let from = query.from.or_else(|| to.checked_sub_days(Days::new(DAYS - 1))).unwrap_or(to);
    if from > to || (to - from).num_days() >= MOST_DAYS {
        return Err(Problem::bad_request(format!("`from` must lie before `to`, by {MOST_DAYS} days at most.")));
    }
    app.books.write_reuses().await?;
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let end = to.checked_add_days(Days::new(1)).unwrap_or(to);
    let costs = app.store.costs(&actor.scope, midnight(from), midnight(end), query.by).await?;
    if query.format == Some(CostFormat::Csv) {
        let name = format!("attachment; filename=\"costs-{from}-{to}.csv\"");
        let head = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
        return Ok((head, csv(&costs.items)).into_response());
    }
    let report =
        CostReport { from, to, by: query.by, total: costs.total, accuracy: costs.accuracy, items: costs.items };
    Ok(Json(report).into_response())
}

fn csv(rows: &[CostRow]) -> String {
    let mut text = "key,name,runs,bytes,usd,saved_by_routing_usd,reused,saved_by_reuse_usd\r\n".to_owned();
    for row in rows {
        text.push_str(&encode::csv_field(&row.key));
        text.push(',');
        text.push_str(&row.name.as_deref().map(encode::csv_field).unwrap_or_default());
        text.push_str(&format!(
            ",{},{},{},{},{},{}\r\n",
            row.runs, row.bytes, row.usd, row.saved_by_routing_usd, row.reused, row.saved_by_reuse_usd
        ));
    }
    text
}
