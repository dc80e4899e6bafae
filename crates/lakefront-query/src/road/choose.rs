//! Planning a statement on the engine that is to run it, and what that engine charges.

use std::sync::Arc;
use std::time::Duration;

use lakefront_engine::Limits;

use super::Road;
use crate::catalog::Link;
use crate::engine::{Engine, Plan};
use crate::estimate::{Price, at_most};
use crate::policy::Authorized;
use crate::route::{self, Choice, Route};
use crate::{EngineChoice, Estimate, QueryError};

/// How long a run elsewhere waits for what the embedded engine foresees.
const FORESIGHT: Duration = Duration::from_secs(10);

/// A planned statement and the engine that has it.
pub(super) struct Chosen {
    pub(super) route: Route,
    pub(super) plan: Plan,
    pub(super) price: Price,
}

impl Road {
    /// Plans a statement on the engine that is to run it.
    pub(super) async fn choose(
        &self,
        statement: &Arc<Authorized>,
        asked: EngineChoice,
        limits: Limits,
    ) -> Result<Chosen, QueryError> {
        match route::choose(statement, asked, self.embedded_max_bytes)? {
            Choice::Embedded(reason) => {
                let plan = self.engine.plan(statement.clone(), limits, None).await?;
                let limit = self.limits.max_scan_bytes;
                let reason = |estimate: Option<&Estimate>| {
                    reason.unwrap_or_else(|| route::embedded_reason(statement, estimate, limit))
                };
                Ok(self.embedded(plan, reason))
            }
            Choice::Linked(link, reason) => self.linked(statement, link, reason, limits).await,
            Choice::BySize(link, limit) => match self.engine.plan(statement.clone(), limits, None).await {
                Ok(plan) => {
                    let bytes = plan.estimate.as_ref().map_or(0, |estimate| estimate.bytes);
                    let Some(reason) = route::too_large(bytes, limit) else {
                        let reason =
                            |estimate: Option<&Estimate>| route::embedded_reason(statement, estimate, Some(limit));
                        return Ok(self.embedded(plan, reason));
                    };
                    // Its worker is free for the next plan.
                    drop(plan);
                    self.linked(statement, link, reason, limits).await
                }
                Err(error) => {
                    let reason = route::unplanned(&error).ok_or(error)?;
                    self.linked(statement, link, reason, limits).await
                }
            },
        }
    }

    /// A statement with the system that keeps its tables.
    async fn linked(
        &self,
        statement: &Arc<Authorized>,
        link: Arc<dyn Link>,
        reason: String,
        limits: Limits,
    ) -> Result<Chosen, QueryError> {
        if statement.is_analyzed() {
            let message =
                format!("EXPLAIN ANALYZE runs on the embedded engine; this goes to {}: {reason}.", link.choice());
            return Err(QueryError::user("NOT_SUPPORTED", message)
                .with_hint("Ask for the engine `embedded`, or use EXPLAIN, which runs nothing."));
        }
        // A plan that is made here says what is read there, too.
        let foreseen = match statement.not_embedded() {
            Some(_) => None,
            None => tokio::time::timeout(FORESIGHT, self.engine.foresee(statement.clone(), limits)).await.ok(),
        };
        let foreseen = foreseen.and_then(Result::ok).or_else(|| at_most(statement));
        let bytes = foreseen.as_ref().map(|foreseen| foreseen.bytes);
        let plan = link.plan(statement.clone(), limits, bytes).await?;
        let plan = Plan { estimate: plan.estimate.or(foreseen), ..plan };
        Ok(Chosen { route: Route { engine: link.choice(), reason }, plan, price: link.price() })
    }

    fn embedded(&self, plan: Plan, reason: impl FnOnce(Option<&Estimate>) -> String) -> Chosen {
        let price = self.engine.price();
        let estimate = plan.estimate.as_ref().map(|foreseen| price.estimate(foreseen));
        let route = Route { engine: EngineChoice::Embedded, reason: reason(estimate.as_ref()) };
        Chosen { route, plan, price }
    }

    /// What an engine charges for the tables of a statement.
    pub(super) fn price_of(&self, statement: &Authorized, engine: EngineChoice) -> Price {
        match statement.link() {
            Some(link) if link.choice() == engine => link.price(),
            _ => self.engine.price(),
        }
    }

    /// What Athena would charge for what the embedded engine reads.
    pub(super) fn against(&self, statement: &Authorized, engine: EngineChoice) -> Option<Price> {
        if engine != EngineChoice::Embedded {
            return None;
        }
        match statement.link().filter(|link| link.choice() == EngineChoice::Athena) {
            Some(link) => Some(link.price()),
            None => Some(self.engine.price().as_athena()),
        }
    }
}
