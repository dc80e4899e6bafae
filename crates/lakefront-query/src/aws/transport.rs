//! The HTTP client for calls, and for the SDK's credential providers, which would bring a second one with its own TLS.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;

use super::call::read_body;
use crate::{ErrorKind, QueryError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// For a provider that sets no time limit of its own.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Credentials are small.
const LARGEST_ANSWER: usize = 1 << 20;

/// Goes through the proxy that the environment names for https, which sees nothing of what passes. Plain http, as the
/// machine's own credentials come by, goes to its host directly.
pub(super) fn client() -> Result<reqwest::Client, QueryError> {
    let client = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy();
    let named = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].into_iter().find_map(|name| {
        let proxy = std::env::var(name).ok().filter(|proxy| !proxy.is_empty())?;
        Some((name, proxy))
    });
    let client = match named {
        None => client,
        Some((name, proxy)) => {
            let proxy = reqwest::Proxy::https(proxy).map_err(|_| {
                QueryError::new("INVALID_LOCATION", ErrorKind::User, format!("{name} is no address of a proxy."))
                    .with_hint("Write it as http://host:port, or leave it out.")
            })?;
            client.proxy(proxy.no_proxy(reqwest::NoProxy::from_env()))
        }
    };
    client.build().map_err(QueryError::internal)
}

#[derive(Debug, Clone)]
pub(super) struct Transport(pub(super) reqwest::Client);

impl HttpClient for Transport {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        let limits = [settings.connect_timeout(), settings.read_timeout()];
        let timeout = limits.into_iter().flatten().reduce(|sum, limit| sum + limit).unwrap_or(TIMEOUT);
        SharedHttpConnector::new(Connector { client: self.0.clone(), timeout })
    }
}

#[derive(Debug)]
struct Connector {
    client: reqwest::Client,
    timeout: Duration,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (client, timeout) = (self.client.clone(), self.timeout);
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            let (head, body) = request.into_parts();
            let Some(body) = body.bytes().map(Bytes::copy_from_slice) else {
                return Err(ConnectorError::user("the request's body is a stream".into()));
            };
            let mut request = reqwest::Request::try_from(http::Request::from_parts(head, body))
                .map_err(|error| ConnectorError::user(error.into()))?;
            *request.timeout_mut() = Some(timeout);
            let response = client.execute(request).await.map_err(failed)?;
            let mut answer = http::Response::builder().status(response.status());
            if let Some(headers) = answer.headers_mut() {
                *headers = response.headers().clone();
            }
            let body = read_body(response, LARGEST_ANSWER).await.map_err(|error| ConnectorError::io(error.into()))?;
            let answer = answer.body(SdkBody::from(body)).map_err(|error| ConnectorError::user(error.into()))?;
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::user(error.into()))
        })
    }
}

fn failed(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
