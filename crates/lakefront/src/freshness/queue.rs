//! Events from a queue of SQS.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use lakefront_query::aws::{Message, Queue};

use super::Changed;
use crate::app::App;
use crate::connections::AwsIdentity;

/// Receivers at most, while the queue is long.
const TOGETHER: usize = 32;
/// As many as come at once where more wait.
const FULL: usize = 10;
const AFTER_A_FAILURE: Duration = Duration::from_secs(5);

/// Takes events from the queue of the settings for as long as the server runs. A message is deleted once all instances
/// can know of it, so what a crash interrupts comes again.
pub async fn follow(app: App) {
    let settings = &app.settings.events;
    if settings.sqs_queue_url.is_empty() {
        return;
    }
    let config = AwsIdentity::default().config(&settings.sqs_region, None, None);
    let queue = match Queue::open(settings.sqs_queue_url.clone(), config).await {
        Ok(queue) => queue,
        Err(error) => {
            tracing::error!(%error, "events.sqs_queue_url can't be used: {error}");
            return;
        }
    };
    let mut receivers = FuturesUnordered::new();
    loop {
        if receivers.is_empty() {
            receivers.push(take(&app, &queue));
        }
        match receivers.next().await.flatten() {
            Some(count) if count >= FULL => {
                let more = TOGETHER.saturating_sub(receivers.len()).min(2);
                (0..more).for_each(|_| receivers.push(take(&app, &queue)));
            }
            Some(_) => {}
            None => tokio::time::sleep(AFTER_A_FAILURE).await,
        }
    }
}

/// How many messages there were; `None` if something failed.
async fn take(app: &App, queue: &Queue) -> Option<usize> {
    let messages = match queue.receive().await {
        Ok(messages) => messages,
        Err(error) => {
            tracing::warn!(%error, "events can't be taken from the queue: {error}");
            return None;
        }
    };
    if messages.is_empty() {
        return Some(0);
    }
    let objects: Vec<Changed> = messages.iter().flat_map(read).collect();
    app.freshness.changed(app.queries.catalogs(), &objects).await?;
    match queue.delete(&messages).await {
        Ok(_) => Some(messages.len()),
        Err(error) => {
            tracing::warn!(%error, "events stay in the queue: {error}");
            None
        }
    }
}

/// A message that nobody can read is taken all the same: it would come again for ever.
fn read(message: &Message) -> Vec<Changed> {
    Changed::read(message.body.as_bytes()).unwrap_or_else(|error| {
        tracing::warn!(%error, "a message of the queue is no event: {error}");
        Vec::new()
    })
}
