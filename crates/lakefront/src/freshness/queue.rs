//! Events from queues of SQS.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use lakefront_query::aws::{AwsConfig, Message, Queue};
use tokio_util::task::AbortOnDropHandle;

use super::Changed;
use crate::app::App;
use crate::catalogs::EventQueue;
use crate::connections::AwsIdentity;

/// Receivers at most, while the queue is long.
const TOGETHER: usize = 32;
/// As many as come at once where more wait.
const FULL: usize = 10;
const AFTER_A_FAILURE: Duration = Duration::from_secs(5);

/// A queue that can't be used, for want of credentials, is tried again.
const UNUSABLE: Duration = Duration::from_secs(60);
/// How often it is looked which queues there are.
const LOOK: Duration = Duration::from_secs(5);

/// Whose credentials a queue is read with.
#[derive(Clone, PartialEq)]
enum Reader {
    /// The machine's, for the queue of the settings.
    Machine,
    /// Any of them that the queue lets.
    Catalogs(Vec<EventQueue>),
}

/// Takes events from the queues of the settings and of the catalogs for as long as the server runs.
pub async fn follow(app: App) {
    let mut running: BTreeMap<String, (Reader, AbortOnDropHandle<()>)> = BTreeMap::new();
    loop {
        let queues = app.registered.queues().await.into_iter();
        let mut wanted: BTreeMap<String, Reader> =
            queues.map(|(url, queues)| (url, Reader::Catalogs(queues))).collect();
        let of_settings = &app.settings.events.sqs_queue_url;
        if !of_settings.is_empty() {
            wanted.insert(of_settings.clone(), Reader::Machine);
        }
        running.retain(|url, (reader, _)| wanted.get(url) == Some(reader));
        for (url, reader) in wanted {
            if let Entry::Vacant(free) = running.entry(url) {
                let following = follow_one(app.clone(), free.key().clone(), reader.clone());
                free.insert((reader, AbortOnDropHandle::new(tokio::spawn(following))));
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn follow_one(app: App, url: String, reader: Reader) {
    let catalogs: &[EventQueue] = match &reader {
        Reader::Machine => &[],
        Reader::Catalogs(queues) => queues,
    };
    let machine = || AwsIdentity::default().config(&app.settings.events.sqs_region, None, None);
    // Once around: whoever may read it goes on until that fails.
    for turn in 0_usize.. {
        let config = match turn.checked_rem(catalogs.len()).and_then(|index| catalogs.get(index)) {
            Some(catalog) => catalog.config(&app.key),
            None => Ok(machine()),
        };
        let pause = match open(&url, config).await {
            Ok(queue) => {
                receive(&app, &queue).await;
                AFTER_A_FAILURE
            }
            Err(error) => {
                tracing::error!(url, "the queue {url} can't be used: {error:#}");
                UNUSABLE
            }
        };
        tokio::time::sleep(pause / catalogs.len().max(1) as u32).await;
    }
}

async fn open(url: &str, config: anyhow::Result<AwsConfig>) -> anyhow::Result<Queue> {
    Ok(Queue::open(url.to_owned(), config?).await?)
}

/// Takes messages until that fails. A message is deleted once all instances can know of it, so what a crash interrupts
/// comes again.
async fn receive(app: &App, queue: &Queue) {
    let mut receivers = FuturesUnordered::new();
    loop {
        if receivers.is_empty() {
            receivers.push(take(app, queue));
        }
        match receivers.next().await.flatten() {
            Some(count) if count >= FULL => {
                let more = TOGETHER.saturating_sub(receivers.len()).min(2);
                (0..more).for_each(|_| receivers.push(take(app, queue)));
            }
            Some(_) => {}
            None => return,
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
