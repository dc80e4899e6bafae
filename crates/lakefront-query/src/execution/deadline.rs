//! A time limit, and when it is over: one moment for all that a request waits for.

use std::future::Future;
use std::time::{Duration, Instant};

use super::timed_out;
use crate::QueryError;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) limit: Duration,
    pub(crate) at: Instant,
}

impl Deadline {
    /// From now on.
    pub(crate) fn within(limit: Duration) -> Self {
        Self { limit, at: Instant::now() + limit }
    }

    /// What is left until then is the limit.
    pub(crate) fn until(at: Instant) -> Self {
        Self { limit: at.saturating_duration_since(Instant::now()), at }
    }

    pub(crate) fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// Ends with `TIMEOUT` when the time is over; what was at work is dropped.
    pub(crate) async fn holds<T>(self, work: impl Future<Output = Result<T, QueryError>>) -> Result<T, QueryError> {
        tokio::time::timeout_at(self.at.into(), work).await.unwrap_or_else(|_| Err(timed_out(self.limit)))
    }
}
