//! Every route on one page.

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Extension, Router, middleware};
use lakefront_store::Kind;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::{
    approvals, audit, auth, budgets, catalogs, connections, costs, dashboard_data, executions, groups, operations,
    preferences, public_dashboards, result_cache, s3_events, saved, tokens, users,
};
use crate::app::App;
use crate::error::Problem;
use crate::middleware::{compression, gate, observe, protect};
use crate::pages;

pub fn router(app: App) -> Router {
    let (api, _) = api().split_for_parts();
    api.merge(ui())
        .fallback(pages::not_found)
        .method_not_allowed_fallback(method_not_allowed)
        // Handlers read bodies with their own limit.
        .layer(DefaultBodyLimit::disable())
        // The last one is the outermost.
        .layer(middleware::from_fn_with_state(app.clone(), gate))
        .layer(compression())
        .layer(middleware::from_fn_with_state(app.clone(), protect))
        .layer(middleware::from_fn_with_state(app.clone(), observe))
        .with_state(app)
}

fn ui() -> Router<App> {
    Router::new()
        .route("/", get(pages::home_page))
        .route("/dashboards", get(pages::dashboards_page))
        .route("/d/{slug}", get(pages::dashboard_page))
        .route("/sql", get(pages::plain_page))
        .route("/sql/{id}", get(pages::plain_page))
        .route("/data", get(pages::plain_page))
        .route("/data/{catalog}/{database}/{table}", get(pages::plain_page))
        .route("/costs", get(pages::plain_page))
        .route("/settings", get(pages::plain_page))
        .route("/admin/connections", get(pages::plain_page))
        .route("/admin/people", get(pages::plain_page))
        .route("/admin/groups", get(pages::plain_page))
        .route("/signin", get(pages::open_page))
        .route("/setup", get(pages::open_page))
        .route("/assets/{*name}", get(pages::asset))
}

fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(OpenApi::default())
        .routes(routes!(operations::health))
        .routes(routes!(operations::ready))
        .routes(routes!(operations::metrics))
        .routes(routes!(operations::openapi))
        .routes(routes!(auth::state))
        .routes(routes!(auth::setup))
        .routes(routes!(auth::login))
        .routes(routes!(auth::link))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::end_sessions))
        .routes(routes!(auth::change_password))
        .routes(routes!(auth::me))
        .routes(routes!(preferences::get, preferences::put))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::get, users::update))
        .routes(routes!(users::link))
        .routes(routes!(groups::list, groups::create))
        .routes(routes!(groups::get, groups::update, groups::delete))
        .routes(routes!(audit::list))
        .routes(routes!(catalogs::list))
        .routes(routes!(catalogs::refresh_catalog))
        .routes(routes!(catalogs::databases))
        .routes(routes!(catalogs::tables))
        .routes(routes!(catalogs::table, catalogs::update_table))
        .routes(routes!(catalogs::preview))
        .routes(routes!(catalogs::refresh))
        .routes(routes!(connections::list, connections::create))
        .routes(routes!(connections::check_draft))
        .routes(routes!(connections::get, connections::update, connections::delete))
        .routes(routes!(connections::check))
        .routes(routes!(connections::limit_workgroup))
        .routes(routes!(s3_events::announce))
        .routes(routes!(executions::list, executions::submit))
        .routes(routes!(executions::estimate))
        .routes(routes!(executions::get, executions::cancel))
        .routes(routes!(executions::events))
        .routes(routes!(approvals::approve))
        .routes(routes!(approvals::reject))
        .routes(routes!(approvals::list))
        .routes(routes!(budgets::list, budgets::create))
        .routes(routes!(budgets::get, budgets::update, budgets::delete))
        .routes(routes!(costs::report))
        .routes(routes!(result_cache::state))
        .routes(routes!(executions::result))
        .routes(routes!(dashboard_data::data))
        .routes(routes!(dashboard_data::events))
        .routes(routes!(public_dashboards::data))
        .nest("/api/v1/queries", saved(Kind::Query))
        .nest("/api/v1/charts", saved(Kind::Chart))
        .nest("/api/v1/dashboards", saved(Kind::Dashboard))
}

fn saved(kind: Kind) -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(OpenApi::default())
        .routes(routes!(saved::list, saved::create))
        .routes(routes!(saved::by_slug))
        .routes(routes!(saved::get, saved::update, saved::delete))
        .routes(routes!(saved::versions))
        .routes(routes!(saved::restore))
        .routes(routes!(saved::star, saved::unstar))
        .layer(Extension(kind))
}

async fn method_not_allowed() -> Problem {
    Problem::new(axum::http::StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", "This method is not used here.")
}

/// The API's description. Each operation says under `x-permission` what its caller must be allowed.
pub fn openapi() -> OpenApi {
    let (_, collected) = api().split_for_parts();
    let info = InfoBuilder::new()
        .title("Lakefront")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Errors are problem documents (RFC 9457). Callers sign in by session cookie or send `Authorization: Bearer lf_…`."))
        .build();
    let mut document = OpenApiBuilder::new().info(info).paths(collected.paths).components(collected.components).build();
    for (path, item) in &mut document.paths.paths {
        let noun = path.strip_prefix("/api/v1/").and_then(|rest| rest.split('/').next()).unwrap_or_default().to_owned();
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            // Saved objects share their handlers.
            if operation.tags.as_ref().is_none_or(|tags| tags.iter().any(|tag| tag == "saved")) {
                operation.tags = Some(vec![noun.clone()]);
            }
            let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
            operation.operation_id = operation.operation_id.take().map(|id| format!("{tag}_{id}"));
        }
    }
    document
}
