//! New data, from the hint that an object changed to the dashboards that show it.
//!
//! A hint makes this instance's catalog look, and is counted in the app database, where the other instances find it.
//! Nothing is believed of it but the place: what is there a listing says. So hints may be repeated, disordered or lost,
//! and a flood of them is as many entries as there are catalogs and tables.

mod event;
mod queue;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lakefront_query::{Catalogs, Hint};
use lakefront_store::{DataPlace, DataVersions};
use tokio::sync::{Notify, broadcast, watch};

pub use event::Changed;
pub use queue::follow as follow_queue;

use crate::app::{App, system};

/// Hints of so long a time are counted in one transaction.
const GATHERING: Duration = Duration::from_millis(100);
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);
/// How often the database is asked while a dashboard is open, and while none is.
const WATCHED: Duration = Duration::from_millis(500);
const UNWATCHED: Duration = Duration::from_secs(5);
/// A change that a listing finds so soon after a hint was told already.
const TOLD: Duration = Duration::from_secs(30);

/// Cheap to clone.
#[derive(Clone)]
pub struct Freshness(Arc<Parts>);

#[derive(Default)]
struct Parts {
    state: Mutex<State>,
    /// There is something to count.
    wake: Notify,
    /// The last round of counting that is in the database.
    counted: watch::Sender<u64>,
    /// Event streams of dashboards.
    watchers: AtomicUsize,
    watched: Notify,
    /// What was counted before the catalogs were listed for the first time.
    before: DataVersions,
}

#[derive(Default)]
struct State {
    waiting: BTreeSet<DataPlace>,
    /// Of the round of counting that `waiting` goes with.
    round: u64,
    /// Counted by this instance and not yet seen in the database.
    own: BTreeMap<DataPlace, i64>,
    hinted: BTreeMap<String, Instant>,
}

/// An open event stream.
pub struct Watching(Arc<Parts>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Freshness {
    /// `before` is read before any catalog is listed: what is counted later is news.
    pub fn since(before: DataVersions) -> Self {
        Self(Arc::new(Parts { before, ..Parts::default() }))
    }

    /// Objects changed, somebody says. Answers how many of them belong to a catalog, once the other instances can know;
    /// `None` if the database did not take it in time.
    pub async fn changed(&self, catalogs: &Catalogs, objects: &[Changed]) -> Option<usize> {
        let mut places = 0;
        let mut hints = BTreeSet::new();
        for Changed { bucket, key } in objects {
            let holding = catalogs.holding(bucket, key);
            places += usize::from(!holding.is_empty());
            hints.extend(holding);
        }
        if hints.is_empty() {
            return Some(0);
        }
        hints.iter().for_each(|hint| catalogs.hint(hint));
        let round = self.count(hints.iter().map(place), true);
        let mut counted = self.0.counted.subscribe();
        let told = counted.wait_for(|counted| *counted >= round);
        tokio::time::timeout(Duration::from_secs(5), told).await.ok().map(|_| places)
    }

    /// While it is held, changes that other instances hear of are looked for often.
    pub fn watch(&self) -> Watching {
        self.0.watchers.fetch_add(1, Ordering::Relaxed);
        self.0.watched.notify_one();
        Watching(self.0.clone())
    }

    /// The round in which it will be counted.
    fn count(&self, places: impl Iterator<Item = DataPlace>, are_hints: bool) -> u64 {
        let mut state = self.state();
        for place in places {
            if are_hints {
                state.hinted.insert(place.catalog.clone(), Instant::now());
            }
            state.waiting.insert(place);
        }
        self.0.wake.notify_one();
        state.round + 1
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn was_told(&self, catalog: &str) -> bool {
        self.state().hinted.get(catalog).is_some_and(|at| at.elapsed() < TOLD)
    }
}

/// Counts what is hinted at, in the database.
pub async fn count(app: App) {
    let freshness = &app.freshness;
    loop {
        freshness.0.wake.notified().await;
        tokio::time::sleep(GATHERING).await;
        let (places, round) = {
            let mut state = freshness.state();
            let places = std::mem::take(&mut state.waiting);
            state.round += 1;
            // Before it is in the database, so that it is never taken for somebody else's.
            places.iter().for_each(|place| *state.own.entry(place.clone()).or_default() += 1);
            (places, state.round)
        };
        while let Err(error) = app.store.touch_data(&system("freshness"), &places).await {
            tracing::warn!(%error, "other instances don't hear of new data: {error}");
            tokio::time::sleep(AFTER_A_FAILURE).await;
        }
        freshness.0.counted.send_replace(round);
    }
}

/// Hints at what other instances have counted.
pub async fn look(app: App) {
    let (freshness, catalogs, scope) = (&app.freshness, app.queries.catalogs(), system("freshness"));
    let mut known = freshness.0.before.clone();
    let mut sum = known.values().sum();
    loop {
        let looked = async {
            let now = app.store.data_version(&scope).await?;
            if now == sum {
                return Ok(None);
            }
            app.store.data_versions(&scope).await.map(|versions| Some((now, versions)))
        };
        match looked.await {
            Ok(Some((now, versions))) => {
                for place in counted_by_others(&mut freshness.state(), &known, &versions) {
                    catalogs.hint(&hint(&place));
                }
                (sum, known) = (now, versions);
            }
            Ok(None) => {}
            Err::<_, lakefront_store::StoreError>(error) => {
                tracing::debug!(%error, "new data of other instances is not looked for: {error}");
            }
        }
        let is_watched = freshness.0.watchers.load(Ordering::Relaxed) > 0;
        tokio::select! {
            () = tokio::time::sleep(if is_watched { WATCHED } else { UNWATCHED }) => {}
            () = freshness.0.watched.notified() => {}
        }
    }
}

/// Counts what this instance's own listings find without a hint, so that the others need not wait for theirs.
pub async fn tell_found(app: App) {
    let mut changes = app.queries.catalogs().changes();
    loop {
        let catalogs = match changes.recv().await {
            Ok(change) => vec![change.catalog],
            Err(broadcast::error::RecvError::Lagged(_)) => app.queries.catalogs().names(),
            Err(broadcast::error::RecvError::Closed) => return,
        };
        let news = catalogs.into_iter().filter(|catalog| !app.freshness.was_told(catalog));
        let places: Vec<_> = news.map(|catalog| DataPlace { catalog, table: None }).collect();
        if !places.is_empty() {
            app.freshness.count(places.into_iter(), false);
        }
    }
}

fn counted_by_others(state: &mut State, before: &DataVersions, now: &DataVersions) -> Vec<DataPlace> {
    let mut others = Vec::new();
    for (place, version) in now {
        let grown = version - before.get(place).copied().unwrap_or_default();
        let own = state.own.get(place).copied().unwrap_or_default();
        let seen = own.min(grown);
        if own == seen {
            state.own.remove(place);
        } else {
            state.own.insert(place.clone(), own - seen);
        }
        if grown > seen {
            state.hinted.insert(place.catalog.clone(), Instant::now());
            others.push(place.clone());
        }
    }
    others
}

fn place(hint: &Hint) -> DataPlace {
    let table = hint.table.as_ref().map(|(database, name)| format!("{database}.{name}"));
    DataPlace { catalog: hint.catalog.clone(), table }
}

fn hint(place: &DataPlace) -> Hint {
    let table = place.table.as_ref().and_then(|table| table.split_once('.'));
    let table = table.map(|(database, name)| (database.to_owned(), name.to_owned()));
    Hint { catalog: place.catalog.clone(), table }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_counting_is_no_news() {
        let place = |catalog: &str| DataPlace { catalog: catalog.to_owned(), table: None };
        let versions = |numbers: [i64; 2]| DataVersions::from([(place("a"), numbers[0]), (place("b"), numbers[1])]);
        let mut state = State { own: BTreeMap::from([(place("a"), 2)]), ..State::default() };
        assert_eq!(counted_by_others(&mut state, &versions([1, 1]), &versions([2, 1])), []);
        assert_eq!(counted_by_others(&mut state, &versions([2, 1]), &versions([4, 2])), [place("a"), place("b")]);
        assert!(state.own.is_empty());
        assert_eq!(counted_by_others(&mut state, &versions([4, 2]), &versions([5, 2])), [place("a")]);
    }
}
