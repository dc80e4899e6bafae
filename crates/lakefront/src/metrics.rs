//! Counters in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use lakefront_query::ResultCacheState;

use crate::shared_results::SharedState;

/// Upper bounds in seconds of the request duration histogram.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

pub struct Metrics {
    started: Instant,
    requests: Mutex<BTreeMap<(&'static str, String, u16), u64>>,
    durations: Mutex<BTreeMap<String, Durations>>,
    executions: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    pub scanned_bytes: AtomicU64,
    pub pages_cached: AtomicU64,
    pub pages_rendered: AtomicU64,
    pub pages_plain: AtomicU64,
    connections: Arc<AtomicI64>,
}

#[derive(Default, Clone)]
struct Durations {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
}

/// Counts one open connection for as long as it lives.
pub struct OpenConnection(Arc<AtomicI64>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            requests: Mutex::default(),
            durations: Mutex::default(),
            executions: Mutex::default(),
            scanned_bytes: AtomicU64::new(0),
            pages_cached: AtomicU64::new(0),
            pages_rendered: AtomicU64::new(0),
            pages_plain: AtomicU64::new(0),
            connections: Arc::default(),
        }
    }
}

impl Metrics {
    pub fn request(&self, method: &Method, route: &str, status: StatusCode, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        *lock(&self.requests).entry((known(method), route.to_owned(), status.as_u16())).or_default() += 1;
        let mut durations = lock(&self.durations);
        let entry = durations.entry(route.to_owned()).or_default();
        entry.count += 1;
        entry.seconds += seconds;
        for (bucket, bound) in entry.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(seconds <= bound);
        }
    }

    pub fn execution(&self, engine: &'static str, state: &'static str, scanned_bytes: u64) {
        *lock(&self.executions).entry((engine, state)).or_default() += 1;
        self.scanned_bytes.fetch_add(scanned_bytes, Ordering::Relaxed);
    }

    pub fn connection(&self) -> OpenConnection {
        self.connections.fetch_add(1, Ordering::Relaxed);
        OpenConnection(self.connections.clone())
    }

    /// The document.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let mut line = |arguments: std::fmt::Arguments<'_>| {
            // Writing to a string can't fail.
            let _ = text.write_fmt(format_args!("{arguments}\n"));
        };
        line(format_args!(
            "# TYPE lakefront_build_info gauge\nlakefront_build_info{{version=\"{}\"}} 1",
            env!("CARGO_PKG_VERSION")
        ));
        line(format_args!(
            "# TYPE lakefront_uptime_seconds gauge\nlakefront_uptime_seconds {}",
            self.started.elapsed().as_secs()
        ));
        line(format_args!(
            "# TYPE lakefront_http_connections gauge\nlakefront_http_connections {}",
            self.connections.load(Ordering::Relaxed)
        ));
        line(format_args!("# TYPE lakefront_http_requests_total counter"));
        for ((method, route, status), count) in lock(&self.requests).iter() {
            line(format_args!(
                "lakefront_http_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}} {count}"
            ));
        }
        line(format_args!("# TYPE lakefront_http_request_seconds histogram"));
        for (route, durations) in lock(&self.durations).iter() {
            for (count, bound) in durations.buckets.iter().zip(BUCKETS) {
                line(format_args!("lakefront_http_request_seconds_bucket{{route=\"{route}\",le=\"{bound}\"}} {count}"));
            }
            line(format_args!(
                "lakefront_http_request_seconds_bucket{{route=\"{route}\",le=\"+Inf\"}} {}",
                durations.count
            ));
            line(format_args!("lakefront_http_request_seconds_sum{{route=\"{route}\"}} {}", durations.seconds));
            line(format_args!("lakefront_http_request_seconds_count{{route=\"{route}\"}} {}", durations.count));
        }
        line(format_args!("# TYPE lakefront_executions_total counter"));
        for ((engine, state), count) in lock(&self.executions).iter() {
            line(format_args!("lakefront_executions_total{{engine=\"{engine}\",state=\"{state}\"}} {count}"));
        }
        for (name, counter) in [
            ("scanned_bytes", &self.scanned_bytes),
            ("pages_cached", &self.pages_cached),
            ("pages_rendered", &self.pages_rendered),
            ("pages_plain", &self.pages_plain),
        ] {
            line(format_args!(
                "# TYPE lakefront_{name}_total counter\nlakefront_{name}_total {}",
                counter.load(Ordering::Relaxed)
            ));
        }
        text
    }
}

/// What became of those who asked for stored results, and how many there are.
pub fn result_cache(local: &ResultCacheState, shared: Option<&SharedState>) -> String {
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, values: &[(&str, Option<u64>)]| {
        text.push_str(&format!("# TYPE lakefront_result_cache_{name} {kind}\n"));
        for (place, value) in values.iter().filter_map(|(place, value)| Some((place, (*value)?))) {
            text.push_str(&format!("lakefront_result_cache_{name}{{place=\"{place}\"}} {value}\n"));
        }
    };
    let database_hits = shared.map(|_| local.shared_hits);
    let hits = [("memory", Some(local.memory_hits)), ("disk", Some(local.disk_hits)), ("database", database_hits)];
    family("hits_total", "counter", &hits);
    let evictions = [("disk", Some(local.evictions)), ("database", shared.map(|state| state.evictions))];
    family("evictions_total", "counter", &evictions);
    let entries = [("disk", Some(local.entries)), ("database", shared.map(|state| state.entries))];
    family("entries", "gauge", &entries);
    let database_bytes = shared.map(|state| state.bytes);
    let bytes = [("memory", Some(local.memory_bytes)), ("disk", Some(local.bytes)), ("database", database_bytes)];
    family("bytes", "gauge", &bytes);
    let limits = [("disk", Some(local.limit_bytes)), ("database", shared.map(|state| state.limit_bytes))];
    family("limit_bytes", "gauge", &limits);
    let misses = local.misses;
    text + &format!(
        "# TYPE lakefront_result_cache_misses_total counter\nlakefront_result_cache_misses_total {misses}\n"
    )
}

/// Any word may stand for a method in a request, but not be kept for ever.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
