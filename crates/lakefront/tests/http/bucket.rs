//! An S3 of one bucket with one file, which lets in the keys that a test says; and an STS, whose keys are let in always
//! and say in whose name a role was taken on.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio_util::task::AbortOnDropHandle;

/// What the keys of a role begin with; the name of its session follows.
pub const ROLE: &str = "ASIA-";
const FILE: &[u8] = b"id,amount\n1,10\n2,20\n";

pub struct Bucket {
    pub address: String,
    world: Arc<Mutex<World>>,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Default)]
struct World {
    keys: Vec<&'static str>,
    /// Access keys of the requests so far.
    callers: Vec<String>,
    /// Those that the file was read with.
    readers: BTreeSet<String>,
}

impl Bucket {
    pub async fn start(keys: &[&'static str]) -> Bucket {
        let world = Arc::new(Mutex::new(World { keys: keys.to_vec(), ..World::default() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(serve).with_state(world.clone());
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Bucket { address, world, _serving: AbortOnDropHandle::new(serving) }
    }

    pub fn let_in(&self, keys: &[&'static str]) {
        self.world.lock().unwrap().keys = keys.to_vec();
    }

    /// Whose keys the file was read with.
    pub fn readers(&self) -> Vec<String> {
        self.world.lock().unwrap().readers.iter().cloned().collect()
    }

    /// Who came last.
    pub fn last_caller(&self) -> String {
        self.world.lock().unwrap().callers.last().cloned().unwrap_or_default()
    }
}

async fn serve(State(world): State<Arc<Mutex<World>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if body.starts_with(b"Action=AssumeRole") {
        return assume_role(&String::from_utf8_lossy(&body));
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let signed = header("authorization");
    let caller = signed.split_once("Credential=").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
    let mut world = world.lock().unwrap();
    world.callers.push(caller.to_owned());
    let listing = uri.query().is_some_and(|query| query.contains("list-type=2"));
    if !world.keys.contains(&caller) && !caller.starts_with(ROLE) {
        let action = if listing { "s3:ListBucket" } else { "s3:GetObject" };
        let body = format!(
            "<Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/ada is not authorized to \
             perform: {action} on resource: &quot;arn:aws:s3:::lake&quot; because no identity-based policy allows \
             the {action} action</Message></Error>"
        );
        return (StatusCode::FORBIDDEN, [("content-type", "application/xml")], body).into_response();
    }
    if listing {
        let body = format!(
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>demo/sales.csv</Key><Size>{}</Size>\
             <LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag></Contents></ListBucketResult>",
            FILE.len()
        );
        return ([("content-type", "application/xml")], body).into_response();
    }
    world.readers.insert(caller.to_owned());
    let range = header("range");
    let range = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let (status, from, to) = match range {
        Some((from, to)) => {
            let to = to.parse().map_or(FILE.len() - 1, |to: usize| to.min(FILE.len() - 1));
            (StatusCode::PARTIAL_CONTENT, from.parse().unwrap_or(0), to)
        }
        None => (StatusCode::OK, 0, FILE.len() - 1),
    };
    let headers = [
        ("etag", "\"e\"".to_owned()),
        ("last-modified", "Wed, 01 Jan 2025 00:00:00 GMT".to_owned()),
        ("content-range", format!("bytes {from}-{to}/{}", FILE.len())),
    ];
    (status, headers, Bytes::from_static(&FILE[from..=to])).into_response()
}

fn assume_role(form: &str) -> Response {
    let session = form.split('&').find_map(|part| part.strip_prefix("RoleSessionName=")).unwrap();
    let body = format!(
        "<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/lake/x</Arn>\
         <AssumedRoleId>ARO:x</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>{ROLE}{session}</AccessKeyId>\
         <SecretAccessKey>role-secret</SecretAccessKey><SessionToken>role-token</SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    );
    ([("content-type", "text/xml")], body).into_response()
}
