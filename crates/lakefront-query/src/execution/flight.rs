//! Single-flight: one run of the engine, however many wait for its rows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Progress, Waiting, WaitsAt};
use crate::estimate::Rates;
use crate::guard::Ask;
use crate::result::Key;
use crate::route::Route;
use crate::{Column, Estimate, QueryError, ResultSet, Spent};

/// Those with different scan limits fly apart: one of them may be refused.
pub(crate) type FlightKey = (Key, Option<u64>);

/// The runs in the air.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<FlightKey, Arc<Flight>>>);

/// How far a flight is.
#[derive(Clone, Default)]
pub(crate) struct Stage {
    pub(crate) queued_ms: u64,
    pub(crate) planning_ms: u64,
    /// Set once it is planned and runs.
    pub(crate) takeoff: Option<Takeoff>,
    /// What the run is charged with, once it has begun.
    pub(crate) rates: Option<Rates>,
    /// What it has cost, once it has ended well.
    pub(crate) spent: Option<Spent>,
    /// The line it stands in.
    pub(crate) waiting: Option<Waiting>,
    pub(crate) landing: Option<Landing>,
    /// It landed with what another instance had made: nothing ran here.
    pub(crate) was_stored: bool,
    /// Why it did not begin for whoever started it; that is no reason for others aboard.
    pub(crate) hold: Option<Hold>,
}

/// What the guard said to a planned run.
#[derive(Clone)]
pub(crate) enum Hold {
    Refused,
    /// Someone has to agree first, for the reason given.
    Waits(Arc<Ask>, String),
}

#[derive(Clone)]
pub(crate) struct Takeoff {
    pub(crate) route: Route,
    pub(crate) estimate: Option<Estimate>,
    /// Known once the run has begun.
    pub(crate) columns: Option<Vec<Column>>,
}

pub(crate) type Landing = Result<Arc<ResultSet>, QueryError>;

struct Flight {
    key: FlightKey,
    stage: watch::Sender<Stage>,
    progress: watch::Sender<Progress>,
    /// The last one aboard has left.
    abandoned: CancellationToken,
    /// Changed under the lock of the flights only, so that nobody boards what is being abandoned.
    aboard: Mutex<usize>,
}

/// A place aboard; the flight ends early when the last one is dropped.
pub(crate) struct Place {
    flights: Arc<Flights>,
    flight: Arc<Flight>,
    /// The flight was in the air already.
    pub(crate) joined: bool,
}

/// The flight's own side. Dropping it lands the flight in any case.
pub(crate) struct Pilot {
    flights: Arc<Flights>,
    flight: Arc<Flight>,
}

impl Flights {
    /// Joins the flight of that key, or starts one and hands it to `fly`.
    pub(crate) fn board(
        self: &Arc<Self>,
        key: FlightKey,
        fly: impl FnOnce(Pilot) -> Result<(), QueryError>,
    ) -> Result<Place, QueryError> {
        let (flight, joined) = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let joined = flights.contains_key(&key);
            let flight = flights.entry(key).or_insert_with(|| Arc::new(Flight::new(key))).clone();
            *flight.aboard.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            (flight, joined)
        };
        // From here on, an error abandons the flight.
        let place = Place { flights: self.clone(), flight: flight.clone(), joined };
        if !joined {
            fly(Pilot { flights: self.clone(), flight })?;
        }
        Ok(place)
    }

    /// Nobody boards it any more.
    fn close(&self, flight: &Arc<Flight>) {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Self::remove(&mut flights, flight);
    }

    fn remove(flights: &mut HashMap<FlightKey, Arc<Flight>>, flight: &Arc<Flight>) {
        if flights.get(&flight.key).is_some_and(|current| Arc::ptr_eq(current, flight)) {
            flights.remove(&flight.key);
        }
    }
}

impl Flight {
    fn new(key: FlightKey) -> Self {
        Self {
            key,
            stage: watch::Sender::new(Stage::default()),
            progress: watch::Sender::new(Progress::default()),
            abandoned: CancellationToken::new(),
            aboard: Mutex::new(0),
        }
    }
}

impl Place {
    pub(crate) fn stage(&self) -> watch::Receiver<Stage> {
        self.flight.stage.subscribe()
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.flight.progress.subscribe()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut flights = self.flights.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut aboard = self.flight.aboard.lock().unwrap_or_else(PoisonError::into_inner);
        *aboard -= 1;
        if *aboard == 0 {
            Flights::remove(&mut flights, &self.flight);
            self.flight.abandoned.cancel();
        }
    }
}

impl Pilot {
    pub(crate) fn update(&self, change: impl FnOnce(&mut Stage)) {
        self.flight.stage.send_modify(change);
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.flight.progress.subscribe()
    }

    /// For the end of another run, behind so many that wait for the same.
    pub(crate) fn waits(&self, before: usize) {
        self.update(|stage| stage.waiting = Some(Waiting { at: WaitsAt::Lakefront, before }));
    }

    pub(crate) fn report(&self, progress: Progress) {
        self.flight.progress.send_replace(progress);
    }

    pub(crate) fn abandoned(&self) -> &CancellationToken {
        &self.flight.abandoned
    }

    /// Ends the flight. Whoever asks from here on finds the stored result, or starts anew.
    pub(crate) fn land(self, landing: Landing) {
        self.flights.close(&self.flight);
        self.update(|stage| stage.landing = Some(landing));
    }
}

impl Drop for Pilot {
    fn drop(&mut self) {
        if self.flight.stage.borrow().landing.is_none() {
            self.flights.close(&self.flight);
            let lost = QueryError::internal("a run ended without an answer");
            self.update(|stage| stage.landing = Some(Err(lost)));
        }
    }
}
