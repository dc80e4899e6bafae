//! Asking whoever keeps the books, and telling them what a run cost.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Order, Road};
use crate::estimate::Rates;
use crate::execution::{Hold, Pilot, Progress};
use crate::route::Route;
use crate::{Admission as Admitted, Ask, Charge, ErrorKind, Estimate, QueryError, Spent, TableShare};

impl Road {
    /// Asks the guard on behalf of whoever started the flight.
    pub(super) async fn admitted(
        &self,
        pilot: &Pilot,
        order: &Order,
        route: &Route,
        estimate: Option<Estimate>,
        tables: Vec<TableShare>,
        rates: Rates,
    ) -> Result<Charged, QueryError> {
        let ask = Ask {
            execution: order.execution.id,
            principal: order.request.principal.clone(),
            origin: order.request.origin.clone(),
            sql: order.request.text(),
            engine: route.engine,
            route_reason: route.reason.clone(),
            estimate,
            tables,
            approved_bytes: order.approved_bytes,
        };
        let (hold, error) = match self.guard.admit(&ask).await {
            Ok(Admitted::Run(charge)) => {
                return Ok(Charged { charge: Some(charge), progress: pilot.progress(), rates });
            }
            Ok(Admitted::Wait(reason)) => {
                let error = QueryError::new("APPROVAL_REQUIRED", ErrorKind::Limit, reason.clone());
                if order.request.may_wait {
                    (Hold::Waits(Arc::new(ask), reason), error)
                } else {
                    (Hold::Refused, error.with_hint("Run it in the SQL workbench to ask an administrator."))
                }
            }
            Err(error) => (Hold::Refused, error),
        };
        pilot.update(|stage| stage.hold = Some(hold));
        Err(error)
    }
}

/// A run that has begun: charged with what it read in any case, also where it is dropped on the way.
pub(super) struct Charged {
    charge: Option<Box<dyn Charge>>,
    progress: watch::Receiver<Progress>,
    pub(super) rates: Rates,
}

impl Charged {
    pub(super) fn settle(mut self, scanned_bytes: u64) -> Spent {
        let spent = self.rates.spent(scanned_bytes, true);
        if let Some(charge) = self.charge.take() {
            charge.settle(spent.clone());
        }
        spent
    }
}

impl Drop for Charged {
    fn drop(&mut self) {
        if let Some(charge) = self.charge.take() {
            charge.settle(self.rates.spent(self.progress.borrow().scanned_bytes, false));
        }
    }
}
