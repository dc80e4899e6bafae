//! How many dashboards are made for public readers at once, and for each of their addresses.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Problem;

/// Loads of all public readers together that run at the same time; each may run several statements.
const TOGETHER: usize = 8;
/// Of one address, so that nobody's slow views keep all others out.
const OF_ONE: usize = 2;
/// So long one more waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct PublicLoads {
    all: Arc<Semaphore>,
    /// Of addresses with a load that runs or waits.
    of: Mutex<HashMap<IpAddr, Weak<Semaphore>>>,
}

/// A place among the loads.
pub struct Turn {
    _own: OwnedSemaphorePermit,
    _common: OwnedSemaphorePermit,
}

impl Default for PublicLoads {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(TOGETHER)), of: Mutex::default() }
    }
}

impl PublicLoads {
    pub async fn turn(&self, reader: IpAddr) -> Result<Turn, Problem> {
        let own = self.share(network(reader));
        let both = async {
            // Its own first: who waits for that holds no place of the others.
            let own = own.acquire_owned().await?;
            Ok::<_, tokio::sync::AcquireError>(Turn { _own: own, _common: self.all.clone().acquire_owned().await? })
        };
        match tokio::time::timeout(PATIENCE, both).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => {
                let problem =
                    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "BUSY", "Too many people ask at the moment.");
                Err(Problem { retry_after_s: Some(PATIENCE.as_secs()), ..problem })
            }
        }
    }

    fn share(&self, reader: IpAddr) -> Arc<Semaphore> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = of.get(&reader).and_then(Weak::upgrade) {
            return share;
        }
        of.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(OF_ONE));
        of.insert(reader, Arc::downgrade(&share));
        share
    }
}

/// Whoever has an IPv6 address has all of its /64.
fn network(reader: IpAddr) -> IpAddr {
    match reader {
        IpAddr::V4(_) => reader,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::*;

    #[tokio::test]
    async fn one_address_leaves_room_for_others() {
        let loads = PublicLoads::default();
        let waits = async |reader| tokio::time::timeout(Duration::from_millis(50), loads.turn(reader)).await.is_err();
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        let held = (loads.turn(one).await.unwrap(), loads.turn(neighbour).await.unwrap());
        assert!(waits(one).await);
        let mut others = Vec::new();
        for host in 0..6 {
            others.push(loads.turn(IpAddr::from([192, 0, 2, host])).await.unwrap());
        }
        let late: IpAddr = "198.51.100.1".parse().unwrap();
        assert!(waits(late).await);
        drop(held);
        let _late = loads.turn(late).await.unwrap();
        let _again = loads.turn(one).await.unwrap();
        drop(others);
        let _other = loads.turn(IpAddr::from([203, 0, 113, 1])).await.unwrap();
        assert_eq!(loads.of.lock().unwrap().len(), 3);
    }
}
