//! One execution on its way, over one flight or several, until it ends.

use std::sync::Arc;

use super::{Order, Road};
use crate::estimate::Price;
use crate::execution::{Cost, Deadline, Execution, ExecutionState, Hold, Landing, Place, cancelled, timed_out};
use crate::statement::Statement;
use crate::{Approval, ApprovalState, Ask, ErrorKind, QueryError, Request};

impl Road {
    /// Sees one execution to its end, over several flights if the guard asks for that.
    pub(super) async fn follow(self: Arc<Self>, mut order: Order, mut place: Place, mut deadline: Deadline) {
        loop {
            let landing = self.accompany(&order.execution, &place, deadline).await;
            let stage = place.stage().borrow().clone();
            let next = match (landing, stage.hold) {
                (Ok(result), _) if stage.was_stored => {
                    if result.is_within(order.request.reuse_max_age_s) {
                        return self.reuse(&order.execution, &order.statement, result);
                    }
                    // It was new enough for whoever started the flight.
                    self.begin(&order)
                }
                // What was said to whoever started it: ask for oneself.
                (Err(_), Some(_)) if place.joined && !order.execution.cancelled().is_cancelled() => self.begin(&order),
                (Err(_), Some(Hold::Waits(ask, reason))) if !order.execution.cancelled().is_cancelled() => {
                    match self.agreed(&order, &ask, &reason).await {
                        Ok(agreed) => {
                            order = agreed;
                            deadline = self.deadline(&order.request);
                            self.begin(&order)
                        }
                        Err(error) => Err(error),
                    }
                }
                (landing, _) => return Self::end(&order.execution, &place, landing),
            };
            match next {
                Ok(Some(another)) => place = another,
                Ok(None) => return,
                Err(error) => return order.execution.fail(error),
            }
        }
    }

    /// Waits until someone has agreed, and takes the statement up anew: its data may have changed meanwhile.
    async fn agreed(&self, order: &Order, ask: &Ask, reason: &str) -> Result<Order, QueryError> {
        let execution = &order.execution;
        execution.update(|status| {
            status.engine = ask.engine;
            status.route_reason.clone_from(&ask.route_reason);
            status.estimate.clone_from(&ask.estimate);
            status.approval = Some(Approval::asked(reason, ask.estimate.clone()));
        });
        let decision = tokio::select! {
            decision = self.guard.decision(ask, reason) => decision?,
            () = execution.cancelled().cancelled() => return Err(cancelled()),
        };
        execution.update(|status| {
            if let Some(approval) = &mut status.approval {
                approval.state = if decision.approved { ApprovalState::Approved } else { ApprovalState::Rejected };
                approval.by = Some(decision.by.clone());
                approval.note.clone_from(&decision.note);
            }
        });
        if !decision.approved {
            let note = decision.note.map_or(String::new(), |note| format!(" They wrote: {note}"));
            let message = format!("{} did not agree to this run.{note}", decision.by);
            return Err(QueryError::new("APPROVAL_REJECTED", ErrorKind::Forbidden, message)
                .with_hint("Read less, or talk to them."));
        }
        let mut request = Request::clone(&order.request);
        let deadline = self.deadline(&request);
        let Statement::Query(query) = deadline.holds(self.read(&mut request)).await? else {
            return Err(QueryError::internal("a query that waited is none any more"));
        };
        let statement = self.allowed(query, &request).await?;
        let approved_bytes = ask.estimate.as_ref().map(|estimate| estimate.bytes);
        Ok(Order::new(execution.clone(), request, statement, approved_bytes))
    }

    /// Tells one execution what happens to its flight, until that lands or the execution leaves it.
    async fn accompany(&self, execution: &Execution, place: &Place, deadline: Deadline) -> Landing {
        let mut stage = place.stage();
        let mut progress = place.progress();
        let too_late = tokio::time::sleep_until(deadline.at.into());
        tokio::pin!(too_late);
        loop {
            let now = stage.borrow_and_update().clone();
            execution.update(|status| {
                status.statistics.queued_ms = now.queued_ms;
                status.statistics.planning_ms = now.planning_ms;
                status.waiting = now.waiting;
                if let Some(takeoff) = now.takeoff {
                    status.state = match now.waiting {
                        Some(_) => ExecutionState::Queued,
                        None => ExecutionState::Running,
                    };
                    status.engine = takeoff.route.engine;
                    status.route_reason = takeoff.route.reason;
                    status.estimate = takeoff.estimate;
                    status.columns = takeoff.columns;
                }
            });
            if let Some(landing) = now.landing {
                break landing;
            }
            loop {
                tokio::select! {
                    _ = stage.changed() => break,
                    Ok(()) = progress.changed() => {
                        execution.report(*progress.borrow_and_update());
                    }
                    () = execution.cancelled().cancelled() => break,
                    () = &mut too_late => break,
                }
            }
            if execution.cancelled().is_cancelled() {
                break Err(cancelled());
            }
            if too_late.is_elapsed() {
                break Err(timed_out(deadline.limit));
            }
        }
    }

    fn end(execution: &Execution, place: &Place, landing: Landing) {
        let stage = place.stage();
        match landing {
            Ok(result) => {
                let reused = place.joined;
                let scanned_bytes = if reused { 0 } else { result.scanned_bytes() };
                let spent = stage.borrow().spent.clone();
                let (usd, saved_usd) = match spent {
                    Some(spent) if !reused => (spent.usd, spent.saved_usd),
                    Some(spent) => (Price::FREE.usd(0), Some(spent.usd)),
                    None => (Price::FREE.usd(0), None),
                };
                let engine_ms = result.engine_ms();
                execution.succeed(result, Cost { scanned_bytes, usd, saved_usd, engine_ms, reused });
            }
            Err(error) => {
                let scanned_bytes = place.progress().borrow().scanned_bytes;
                if let Some(rates) = stage.borrow().rates.filter(|_| !place.joined && scanned_bytes > 0) {
                    execution.update(|status| {
                        status.statistics.scanned_bytes = Some(scanned_bytes);
                        status.statistics.usd = Some(rates.price.usd(scanned_bytes));
                    });
                }
                execution.fail(error);
            }
        }
    }
}
