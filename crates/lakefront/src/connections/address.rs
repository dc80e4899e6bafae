//! Which addresses a connection may name.
//!
//! An administrator may name any host but those that only this machine or its cloud answers: instance metadata gives out
//! the server's own credentials.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use lakefront_query::QueryError;

const LOOKUP: Duration = Duration::from_secs(5);

/// Refuses a URL whose host is, or resolves to, an address that no lake has. A host that can't be resolved at the moment
/// is no matter of this check. `INVALID_LOCATION`.
pub async fn check(url: &str, loopback: bool) -> Result<(), QueryError> {
    let Ok(uri) = url.parse::<axum::http::Uri>() else { return Ok(()) };
    let Some(host) = uri.host().map(|host| host.trim_matches(['[', ']'])) else { return Ok(()) };
    let port = uri.port_u16().unwrap_or(443);
    let addresses: Vec<IpAddr> = match host.parse() {
        Ok(address) => vec![address],
        Err(_) => match tokio::time::timeout(LOOKUP, tokio::net::lookup_host((host, port))).await {
            Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
            _ => Vec::new(),
        },
    };
    match addresses.into_iter().find(|address| !is_allowed(address.to_canonical(), loopback)) {
        None => Ok(()),
        Some(address) => Err(QueryError::user(
            "INVALID_LOCATION",
            format!("A connection may not lead to {host} ({address}): it belongs to this machine or its cloud."),
        )
        .with_hint(if address.is_loopback() {
            "Set catalog.loopback_endpoints to allow it, or add the connection by command."
        } else {
            "Give the address of the data."
        })),
    }
}

fn is_allowed(address: IpAddr, loopback: bool) -> bool {
    if address.is_loopback() {
        return loopback;
    }
    match address {
        IpAddr::V4(address) => {
            let alibaba = Ipv4Addr::new(100, 100, 100, 200);
            !(address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_multicast()
                || address == alibaba)
        }
        IpAddr::V6(address) => {
            let amazon = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            let link_local = address.segments()[0] & 0xffc0 == 0xfe80;
            !(link_local || address.is_unspecified() || address.is_multicast() || address == amazon)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn metadata_services_are_out_of_reach() {
        for url in [
            "http://169.254.169.254/latest",
            "https://169.254.170.2:443",
            "http://ana@[fe80::1]:8080/hive",
            "https://[::ffff:169.254.169.254]/",
            "https://[fd00:ec2::254]/",
            "http://0.0.0.0:9000",
            "https://224.0.0.1",
        ] {
            assert_eq!(check(url, true).await.err().map(|error| error.code), Some("INVALID_LOCATION"), "{url}");
        }
        for url in ["http://127.0.0.1:9000", "https://[::1]:9000", "http://localhost:8080/hive"] {
            assert!(check(url, true).await.is_ok(), "{url}");
            assert!(check(url, false).await.is_err(), "{url}");
        }
        for url in ["https://10.0.0.7:9000", "https://192.168.1.2", "https://nowhere.invalid"] {
            assert!(check(url, false).await.is_ok(), "{url}");
        }
    }
}
