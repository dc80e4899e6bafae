//! Accepts connections: few enough, patient enough, and with an orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::app::App;

const HEAD_BYTES: usize = 64 << 10;
const HEADERS: usize = 100;

/// Serves until the app is told to stop; then waits for open answers, but not for ever.
pub async fn serve(listener: TcpListener, router: Router, app: App) {
    let settings = &app.settings.server;
    let places = Arc::new(Semaphore::new(connection_limit(settings.max_connections)));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(settings.header_timeout_s))
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEADERS);
    let open = TaskTracker::new();

    loop {
        let (stream, peer) = tokio::select! {
            () = app.stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // Out of file descriptors, or the peer is gone already: neither ends the service.
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        // Answers are written whole; waiting for more to send would only add delay.
        let _ = stream.set_nodelay(true);
        let router = router.clone();
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
            router.clone().oneshot(request.map(axum::body::Body::new))
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let (metrics, stop) = (app.metrics.connection(), app.stop.clone());
        open.spawn(async move {
            tokio::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stop.cancelled() => {
                    // The answer under way is the last one on this connection.
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::trace!(%error, "connection from {peer} ended: {error}");
            }
            drop((place, metrics));
        });
    }
    drop(listener);
    open.close();
    if tokio::time::timeout(Duration::from_secs(settings.shutdown_timeout_s), open.wait()).await.is_err() {
        tracing::warn!("some answers were still open after {} s and are cut", settings.shutdown_timeout_s);
    }
}

/// Leaves file descriptors for the database, workers and results.
fn connection_limit(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const RESERVED: u64 = 256;
    let limit = getrlimit(Resource::Nofile);
    // The soft limit is often 1,024 for the sake of select(2), which nothing here uses.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let files = if raised.is_ok() { limit.maximum } else { limit.current };
    let most = files.map_or(usize::MAX, |files| usize::try_from(files.saturating_sub(RESERVED)).unwrap_or(usize::MAX));
    wanted.min(most).clamp(16, Semaphore::MAX_PERMITS)
}
