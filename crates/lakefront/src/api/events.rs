//! Server-sent events: few per user, and over when the session is.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use lakefront_store::StoreError;
use serde::Serialize;
use ulid::Ulid;

use crate::app::{App, system};
use crate::auth::Actor;
use crate::error::Problem;

/// How many event streams each user holds open.
#[derive(Clone)]
pub struct EventSlots {
    open: Arc<Mutex<HashMap<Ulid, usize>>>,
    per_user: usize,
}

/// One open stream.
pub struct EventSlot {
    slots: EventSlots,
    user: Ulid,
}

impl EventSlots {
    pub fn new(per_user: usize) -> Self {
        Self { open: Arc::default(), per_user }
    }

    pub fn take(&self, user: Ulid) -> Result<EventSlot, Problem> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user).or_default();
        if *count >= self.per_user {
            return Err(Problem::too_many(format!("You have {} event streams open already.", self.per_user), 5));
        }
        *count += 1;
        Ok(EventSlot { slots: self.clone(), user })
    }
}

impl Drop for EventSlot {
    fn drop(&mut self) {
        let mut open = self.slots.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
    }
}

/// How often a stream looks whether its user is still signed in.
const CHECK: Duration = Duration::from_secs(20);

/// Sends `events` until they end, the user is signed out or the server stops.
pub fn stream(
    app: &App,
    actor: &Actor,
    events: impl Stream<Item = Event> + Send + 'static,
) -> Result<Response, Problem> {
    let slot = app.events.take(actor.user.id)?;
    let (app, actor) = (app.clone(), actor.clone());
    let stream = async_stream::stream! {
        let _slot = slot;
        let mut check = tokio::time::interval(CHECK);
        check.tick().await;
        futures::pin_mut!(events);
        loop {
            tokio::select! {
                () = app.stop.cancelled() => break,
                event = events.next() => match event {
                    Some(event) => yield Ok::<_, Infallible>(event),
                    None => break,
                },
                _ = check.tick() => if !is_signed_in(&app, &actor).await {
                    break;
                },
            }
        }
    };
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response())
}

async fn is_signed_in(app: &App, actor: &Actor) -> bool {
    let scope = system("event stream");
    let ended = match actor.session {
        Some(session) => app
            .store
            .sessions(&scope, actor.user.id)
            .await
            .map(|sessions| !sessions.iter().any(|open| open.id == session)),
        None => app.store.user(&scope, actor.user.id).await.map(|user| user.disabled),
    };
    // A database that does not answer signs nobody out.
    !matches!(ended, Ok(true) | Err(StoreError::NotFound(_)))
}

pub fn event(name: &str, data: &impl Serialize) -> Event {
    // JSON has no raw line breaks, so it is one data line.
    Event::default().event(name).data(serde_json::to_string(data).unwrap_or_default())
}
