//! TLS with a certificate that is checked, and what of it signing in can be bound to.

use std::sync::Arc;

use ring::digest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::config::{PostgresConfig, invalid};
use crate::QueryError;

/// What to trust of one server.
#[derive(Clone)]
pub(super) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    pub(super) fn new(config: &PostgresConfig) -> Result<Self, QueryError> {
        let mut roots = RootCertStore::empty();
        // A machine without authorities of its own may still be given one.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(pem) = &config.ca_pem {
            let no_certificate =
                || invalid("The authority of a PostgreSQL is no PEM certificate.", "Give -----BEGIN CERTIFICATE-----…");
            let given = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
            let given = given.ok().filter(|given| !given.is_empty()).ok_or_else(no_certificate)?;
            for certificate in given {
                roots.add(certificate).map_err(|_| no_certificate())?;
            }
        }
        let name = ServerName::try_from(config.host.clone()).map_err(|_| {
            invalid("The host of a PostgreSQL is no name that a certificate can have.", "Use its name.")
        })?;
        let client = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(QueryError::internal)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(client)), name })
    }

    pub(super) async fn over(&self, tcp: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), tcp).await
    }
}

/// Whether a line failed because of the certificate.
pub(super) fn is_distrust(error: &std::io::Error) -> bool {
    error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
        .is_some_and(|error| matches!(error, rustls::Error::InvalidCertificate(_)))
}

/// The `tls-server-end-point` of a line (RFC 5929): a hash of the server's certificate. `None` where the certificate's
/// signature names no hash to use.
pub(super) fn end_point(line: &TlsStream<TcpStream>) -> Option<Vec<u8>> {
    let certificate = line.get_ref().1.peer_certificates()?.first()?;
    let algorithm = signature_hash(certificate)?;
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

fn signature_hash(certificate: &[u8]) -> Option<&'static digest::Algorithm> {
    // Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { algorithm OID, … }, … }
    let (certificate, _) = element(certificate, 0x30)?;
    let (_, rest) = element(certificate, 0x30)?;
    let (algorithm, _) = element(rest, 0x30)?;
    let (oid, _) = element(algorithm, 0x06)?;
    match oid {
        // MD5 and SHA-1 (with RSA, with ECDSA) count as SHA-256.
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04 | 0x05 | 0x0b]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01]
        | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02] => Some(&digest::SHA256),
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03] => {
            Some(&digest::SHA384)
        }
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d] | [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04] => {
            Some(&digest::SHA512)
        }
        _ => None,
    }
}

/// The content of a DER element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if length.len() > 4 {
            return None;
        }
        (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    rest.split_at_checked(length)
}
