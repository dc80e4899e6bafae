//! Slows down whoever tries tokens that do not exist.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::error::Problem;

const ALLOWED: u32 = 100;
const WINDOW: Duration = Duration::from_secs(60);
const ADDRESSES: usize = 10_000;

/// Failed look-ups by address in the current minute. A good token always works, so that nobody is shut out by a neighbour.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<IpAddr, (Instant, u32)>>);

impl Attempts {
    pub fn failed(&self, address: IpAddr) -> Result<(), Problem> {
        let mut failures = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if failures.len() >= ADDRESSES {
            failures.retain(|_, (since, _)| since.elapsed() < WINDOW);
        }
        let (since, count) = failures.entry(address).or_insert_with(|| (Instant::now(), 0));
        if since.elapsed() >= WINDOW {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        if *count <= ALLOWED {
            return Ok(());
        }
        let wait = WINDOW.saturating_sub(since.elapsed()).as_secs() + 1;
        Err(Problem::too_many("Too many tokens that do not exist came from your address.", wait))
    }
}
