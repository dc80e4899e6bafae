//! Fair admission: nobody's statements keep everybody else's waiting.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Line;
use crate::{ErrorKind, QueryError};

/// So many statements of one principal run; so many more wait; the rest is refused.
pub(crate) struct Admission {
    running: usize,
    waiting: usize,
    principals: Mutex<HashMap<String, Arc<Places>>>,
}

struct Places {
    turns: Arc<Semaphore>,
    line: Line,
    /// Statements admitted, running or waiting.
    admitted: AtomicUsize,
}

/// A place in the queue; dropping it gives it back.
pub(crate) struct Ticket {
    places: Arc<Places>,
}

impl Admission {
    pub(crate) fn new(running: usize, waiting: usize) -> Self {
        Self { running: running.max(1), waiting, principals: Mutex::default() }
    }

    pub(crate) fn enter(&self, principal: &str) -> Result<Ticket, QueryError> {
        let mut principals = self.principals.lock().unwrap_or_else(PoisonError::into_inner);
        let places = match principals.get(principal) {
            Some(places) => places.clone(),
            None => {
                principals.retain(|_, places| places.admitted.load(Ordering::Relaxed) > 0);
                let places = Arc::new(Places {
                    turns: Arc::new(Semaphore::new(self.running)),
                    line: Line::default(),
                    admitted: AtomicUsize::new(0),
                });
                principals.insert(principal.to_owned(), places.clone());
                places
            }
        };
        let most = self.running + self.waiting;
        if places.admitted.load(Ordering::Relaxed) >= most {
            return Err(QueryError::new(
                "TOO_MANY_REQUESTS",
                ErrorKind::Limit,
                format!("You have {most} statements running or waiting already."),
            )
            .with_hint("Wait for some of them, or cancel them."));
        }
        // Still under the lock, so nobody passed the check above in the meantime.
        places.admitted.fetch_add(1, Ordering::Relaxed);
        Ok(Ticket { places })
    }
}

impl Ticket {
    /// Waits for the turn, which lasts until the permit is dropped. Meanwhile it tells how many wait before it, as often
    /// as that changes.
    pub(crate) async fn turn(&self, waits: impl Fn(usize)) -> Result<OwnedSemaphorePermit, QueryError> {
        if let Ok(turn) = self.places.turns.clone().try_acquire_owned() {
            return Ok(turn);
        }
        let mut place = self.places.line.join();
        let mut turn = std::pin::pin!(self.places.turns.clone().acquire_owned());
        loop {
            waits(place.before());
            tokio::select! {
                biased;
                turn = &mut turn => return turn.map_err(QueryError::internal),
                () = place.moved() => {}
            }
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.places.admitted.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt;

    use super::Admission;

    #[test]
    fn one_principal_does_not_take_anothers_place() {
        let admission = Admission::new(1, 1);
        let first = admission.enter("ana");
        let _second = admission.enter("ana");
        let refused = admission.enter("ana").err().map(|error| error.code);
        assert_eq!(refused, Some("TOO_MANY_REQUESTS"));
        assert!(admission.enter("bob").is_ok());
        drop(first);
        assert!(admission.enter("ana").is_ok());
    }

    #[tokio::test]
    async fn whoever_waits_is_told_their_place() {
        let admission = Admission::new(1, 5);
        let tickets: Vec<_> = (0..3).map(|_| admission.enter("ana").expect("a place")).collect();
        let told: Vec<Mutex<Vec<usize>>> = (0..3).map(|_| Mutex::default()).collect();
        let turns = AtomicUsize::new(0);
        let turn = async |n: usize| {
            let tell = |before| told[n].lock().expect("nobody panicked").push(before);
            let turn = tickets[n].turn(tell).await.expect("a turn");
            assert_eq!(turns.fetch_add(1, Ordering::Relaxed), n);
            turn
        };
        let first = turn(0).await;
        let (mut second, mut third) = (Box::pin(turn(1)), Box::pin(turn(2)));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        drop(first);
        drop(second.await);
        drop(third.await);
        let told: Vec<Vec<usize>> = told.into_iter().map(|told| told.into_inner().expect("nobody panicked")).collect();
        assert_eq!(told, [vec![], vec![0], vec![1]]);
    }
}
