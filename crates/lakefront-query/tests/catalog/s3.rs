//! The same over S3, against the server that `LAKEFRONT_TEST_S3` names.

use std::io::{Read, Write};
use std::net::TcpStream;

use lakefront_engine::S3Credentials;
use lakefront_query::{CatalogSource, Catalogs, CatalogsConfig};

use crate::folder::{columns, in_process};

struct Server {
    endpoint: String,
}

impl Server {
    /// `None`, and so no test, where no server is named.
    fn named() -> Option<Server> {
        std::env::var("LAKEFRONT_TEST_S3").ok().map(|endpoint| Server { endpoint })
    }

    /// Sends a request as it is: HTTP clients would tidy odd keys up.
    fn put(&self, path: &str, body: &[u8]) {
        let host = self.endpoint.strip_prefix("http://").expect("plain HTTP");
        let mut stream = TcpStream::connect(host).expect("the server answers");
        // The server wants to see a key before it replaces an object, and does not check the signature.
        let key =
            "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {key}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("sends");
        stream.write_all(body).expect("sends");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }

    async fn catalogs(&self, uri: &str) -> Catalogs {
        let dir = tempfile::tempdir().expect("a folder");
        let catalogs = Catalogs::new(CatalogsConfig::new(dir.path().join("catalogs")), in_process());
        let source = CatalogSource::S3 {
            uri: uri.to_owned(),
            region: Some("us-east-1".to_owned()),
            endpoint: Some(self.endpoint.clone()),
            access: None,
            credentials: Some(S3Credentials::Keys {
                access_key_id: "test".to_owned(),
                secret_access_key: "test".to_owned(),
                session_token: None,
            }),
        };
        catalogs.add("lake", source).await.expect("adds");
        catalogs
    }
}

#[tokio::test]
async fn a_prefix_is_a_catalog_and_keys_are_literal() {
    let Some(server) = Server::named() else { return };
    server.put("/lf-keys", b"");
    for (key, text) in [
        ("pub/demo/t/state=CA/a%20b%2Bc.csv", "v\n1\n"),
        ("pub/demo/t/state=TX/%C3%BC%252F.csv", "v\n2\n"),
        ("pub/demo/t/state=TX/../state=CA/x.csv", "v\n3\n"),
        ("pub/demo/t/state=TX//x.csv", "v\n4\n"),
        ("pub/demo/t/_SUCCESS", ""),
        ("public-secret/demo/t/state=CA/a.csv", "secret\n1\n"),
    ] {
        server.put(&format!("/lf-keys/{key}"), text.as_bytes());
    }
    let catalogs = server.catalogs("s3://lf-keys/pub").await;
    let report = catalogs.refresh("lake", None).await.expect("lists");
    assert_eq!(report.tables, 1);
    let table = catalogs.table("lake", "demo", "t").await.expect("a table");
    let read = table.engine_table().expect("readable");
    let paths: Vec<&str> = read.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["demo/t/state=CA/a b+c.csv", "demo/t/state=TX/ü%2F.csv"]);
    assert!(read.files.iter().all(|file| file.etag.is_some()));
    // Both files were read by these keys: the types need their values.
    assert_eq!(columns(&table), ["v bigint", "state varchar"]);
    let warnings = catalogs.list()[0].warnings.join("\n");
    assert!(warnings.contains("state=TX/../state=CA/x.csv") && warnings.contains("state=TX//x.csv"), "{warnings}");

    let version = table.data_version.clone();
    server.put("/lf-keys/pub/demo/t/state=CA/a%20b%2Bc.csv", b"v\n9\n");
    assert_eq!(catalogs.refresh("lake", None).await.expect("lists").changed, ["demo.t"]);
    assert_ne!(catalogs.table("lake", "demo", "t").await.expect("a table").data_version, version);
}

#[tokio::test]
async fn listings_of_many_pages_are_whole() {
    let Some(server) = Server::named() else { return };
    server.put("/lf-pages", b"");
    for object in 0..2500 {
        server.put(&format!("/lf-pages/t/part-{object}.csv"), b"v\n1\n");
    }
    let catalogs = server.catalogs("s3://lf-pages").await;
    catalogs.refresh("lake", None).await.expect("lists");
    let tables = catalogs.tables("lake", "default", None).await.expect("lists");
    assert_eq!((tables[0].name.as_str(), tables[0].files), ("t", Some(2500)));
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told() {
    let Some(server) = Server::named() else { return };
    let catalogs = server.catalogs("s3://lf-missing/x").await;
    let error = catalogs.refresh("lake", None).await.expect_err("no bucket");
    assert_eq!(error.code, "INVALID_LOCATION");
    assert_eq!(error.message, "Catalog \"lake\" can't be read: There is no bucket \"lf-missing\".");
    assert!(error.hint.as_deref().expect("a hint").contains("lakefront catalog remove lake"), "{error:?}");
    assert_eq!(catalogs.databases("lake").await.expect_err("no bucket"), error);
    let shown = catalogs.list().remove(0);
    assert_eq!((shown.files, shown.bytes), (None, None), "nobody has counted");
    let told = shown.error.expect("an error").message;
    assert!(told.starts_with(&error.message) && told.ends_with(error.hint.as_deref().expect("a hint")), "{told}");
}

#[tokio::test]
async fn a_store_that_is_away_is_an_error_in_time() {
    let server = Server { endpoint: "http://127.0.0.1:9".to_owned() };
    let catalogs = server.catalogs("s3://lake/x").await;
    let error = catalogs.refresh("lake", None).await.expect_err("nobody answers");
    assert_eq!(error.code, "EXECUTION_ERROR");
}
