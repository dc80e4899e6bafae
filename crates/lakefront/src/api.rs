//! The HTTP API, one file per noun: what a request holds and what it answers stand beside each handler.

pub mod approvals;
pub mod audit;
pub mod auth;
pub mod budgets;
pub mod catalogs;
pub mod connections;
pub mod costs;
pub mod dashboard_data;
mod definition;
pub mod events;
pub mod executions;
pub mod extract;
pub mod groups;
pub mod idempotency;
pub mod operations;
pub mod preferences;
pub mod public_dashboards;
mod public_loads;
pub mod result_cache;
pub mod s3_events;
pub mod saved;
pub mod tokens;
pub mod users;
mod version;

use lakefront_store::PageRequest;

pub use events::EventSlots;
pub use public_loads::PublicLoads;
pub use version::is_known;

/// At most `limit` items (1 to 200, 50 if not said) after `cursor`, the `next_cursor` of the part before.
fn page(limit: Option<u64>, cursor: Option<String>) -> PageRequest {
    PageRequest { limit, cursor: cursor.filter(|cursor| !cursor.is_empty()) }
}
