//! The app database: people, groups, sessions, tokens, saved objects, history, catalogs, preferences, audit.
//!
//! SQLite by default, PostgreSQL (also behind a transaction pooler) by URL; the same tables and answers on both.
//! Every call takes a [`Scope`] first: who asks, and what they may. What a scope may not see is
//! [`StoreError::NotFound`], exactly as if it did not exist. An `Ok` of a change means that it survives a crash.

#[macro_use]
mod transaction;

mod api_token;
mod approval;
mod audit;
mod backup;
mod budget;
mod catalog;
mod claim;
mod clock;
mod column;
mod connection;
mod cost;
mod data_version;
mod entity;
mod error;
mod execution;
mod group;
mod idempotency;
mod link;
mod migration;
mod money;
mod object;
mod page;
mod partition_rule;
mod preferences;
mod prepared_statement;
mod scope;
mod secret;
mod seed;
mod session;
mod setup;
mod shared_result;
mod store;
mod throttle;
mod user;

pub use api_token::{ApiToken, NewApiToken, TokenScope};
pub use approval::{Approval, NewApproval, Ruling};
pub use audit::{AuditEntry, AuditFilter, AuditRecord, Outcome};
pub use budget::{Budget, BudgetAction, BudgetChange, BudgetState, Exceeded, Foreseen, NewBudget, Period, Subject};
pub use catalog::{Catalog, CatalogChange, NewCatalog, SealedSecret};
pub use claim::Claim;
pub use clock::Clock;
pub use cost::{Accuracy, CostBy, CostRow, Costs, Reuse, Settled};
pub use data_version::{DataPlace, DataVersions};
pub use error::StoreError;
pub use execution::{ExecutionFilter, ExecutionRecord, ExecutionState, ExecutionUpdate, NewExecution};
pub use group::{Group, GroupChange, NewGroup};
pub use idempotency::{Idempotency, StoredResponse};
pub use money::Usd;
pub use object::{Kind, NewObject, Object, ObjectChange, ObjectFilter, ObjectVersion};
pub use page::{Page, PageRequest};
pub use partition_rule::PartitionRule;
pub use scope::{Access, Role, Scope};
pub use secret::Secret;
pub use seed::{NewSeed, SEED_SCHEMA, Seed, SeedCell, SeedChunk, SeedColumn, SeedPart, SeedType};
pub use session::{Session, SessionClient};
pub use setup::NewAdministrator;
pub use shared_result::{NewSharedResult, SharedResultLook, SharedResultSums};
pub use store::{Store, StoreOptions};
pub use user::{Credentials, NewUser, Person, User, UserChange, UserFilter};

pub type Result<T, E = StoreError> = std::result::Result<T, E>;
