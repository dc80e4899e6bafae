//! The way out: what goes through the environment's proxy, and which endpoints are taken.

use std::process::Command;
use std::time::Duration;

use lakefront_query::aws::{Athena, Aws, AwsAccess, AwsConfig, Endpoints};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;

use crate::rows::numbers;
use crate::server::{Answer, Server, request, workgroup};

fn config(endpoints: Endpoints) -> AwsConfig {
    let access = AwsAccess::Keys {
        access_key_id: "AKIDTEST".to_owned(),
        secret_access_key: "base-secret".to_owned(),
        session_token: None,
    };
    AwsConfig { region: "eu-central-1".to_owned(), profile: None, access, assume_role: None, endpoints }
}

#[tokio::test]
async fn an_endpoint_is_https_or_on_this_machine() {
    let with = |set: &dyn Fn(&mut Endpoints)| {
        let mut endpoints = Endpoints::of_aws();
        set(&mut endpoints);
        Aws::new(config(endpoints))
    };
    for wrong in ["http://10.0.0.1", "http://169.254.169.254/latest", "ftp://x", "https://key@x", "host:8080", ""] {
        let wrong = Some(wrong.to_owned());
        for (service, made) in [
            ("athena", with(&|endpoints| endpoints.athena.clone_from(&wrong)).await),
            ("glue", with(&|endpoints| endpoints.glue.clone_from(&wrong)).await),
            ("s3", with(&|endpoints| endpoints.s3.clone_from(&wrong)).await),
            ("sts", with(&|endpoints| endpoints.sts.clone_from(&wrong)).await),
        ] {
            let error = made.err().unwrap();
            assert!(error.code == "INVALID_LOCATION" && error.message.contains(service), "{wrong:?}: {error:?}");
        }
    }
    assert!(with(&|endpoints| endpoints.sts = Some("https://sts.internal:8443/".to_owned())).await.is_ok());
}

/// The environment of a process can't be changed safely, so the calls are made by another one.
#[tokio::test]
async fn only_https_goes_through_the_proxy() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        while let Ok(Ok((stream, _))) = tokio::time::timeout(Duration::from_secs(60), proxy.accept()).await {
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).await.unwrap();
            if line == "GET /over HTTP/1.1\r\n" {
                break;
            }
            asked.push(line.trim_end().to_owned());
        }
        asked
    });
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "proxy::calls_with_a_proxy_in_the_environment"]);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"] {
        child.env(name, &address);
    }
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    let made = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
    assert!(String::from_utf8_lossy(&made.stdout).contains("1 passed"));
    let over = tokio::net::TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
    over.writable().await.unwrap();
    over.try_write(b"GET /over HTTP/1.1\r\n").unwrap();
    let asked = asked.await.unwrap();
    assert!(!asked.is_empty());
    assert!(asked.iter().all(|line| line == "CONNECT athena.eu-central-1.amazonaws.com:443 HTTP/1.1"), "{asked:?}");
}

#[tokio::test]
#[ignore = "needs an environment of its own: only_https_goes_through_the_proxy runs it"]
async fn calls_with_a_proxy_in_the_environment() {
    let server = Server::answering(Answer::numbers(10)).await;
    let athena = Athena::new(server.aws().await, workgroup());
    assert_eq!(numbers(&mut athena.run(request("plain")).await.unwrap()).await.unwrap().len(), 10);

    let aws = Aws::new(config(Endpoints::of_aws())).await.unwrap();
    let nothing = serde_json::json!({});
    let call = aws.athena::<serde_json::Value>("GetWorkGroup", &nothing);
    let _ = tokio::time::timeout(Duration::from_secs(5), call).await;
}
