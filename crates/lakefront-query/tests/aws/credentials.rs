//! Credentials that are taken on, renewed and refused.

use std::time::{Duration, Instant};

use lakefront_engine::S3Credentials;
use lakefront_query::ErrorKind;
use lakefront_query::aws::{AssumeRole, Athena, Aws, AwsAccess, AwsConfig};

use crate::rows::numbers;
use crate::server::{Answer, Fault, Server, request, workgroup};

fn keys() -> AwsAccess {
    AwsAccess::Keys {
        access_key_id: "AKIDTEST".to_owned(),
        secret_access_key: "base-secret".to_owned(),
        session_token: None,
    }
}

fn config(server: &Server) -> AwsConfig {
    AwsConfig {
        region: "us-east-1".to_owned(),
        profile: None,
        access: keys(),
        assume_role: Some(AssumeRole {
            role_arn: "arn:aws:iam::123456789012:role/demo".to_owned(),
            external_id: Some("agreed word".to_owned()),
            session_name: "ada lovelace".to_owned(),
            tags: vec![("person".to_owned(), "ada".to_owned())],
            per_person: false,
        }),
        endpoints: server.endpoints(),
    }
}

#[tokio::test]
async fn a_role_is_assumed_in_somebodys_name() {
    let server = Server::start().await;
    let aws = Aws::new(config(&server)).await.unwrap();
    let S3Credentials::Keys { access_key_id, session_token, .. } = aws.credentials().await.unwrap() else {
        panic!("no keys");
    };
    assert_eq!((access_key_id.as_str(), session_token.as_deref()), ("AKIDROLE1", Some("role-token")));
    aws.credentials().await.unwrap();
    let world = server.world();
    assert_eq!(world.assumed.len(), 1, "good credentials are kept");
    for part in [
        "RoleSessionName=ada-lovelace",
        "ExternalId=agreed%20word",
        "Tags.member.1.Key=person",
        "Tags.member.1.Value=ada",
    ] {
        assert!(world.assumed[0].contains(part), "{part} in {}", world.assumed[0]);
    }
}

#[tokio::test]
async fn credentials_are_renewed_before_they_expire() {
    let server = Server::start().await;
    server.world().life = Duration::from_secs(8);
    let aws = Aws::new(config(&server)).await.unwrap();
    aws.credentials().await.unwrap();
    let began = Instant::now();
    while server.world().assumed.len() < 2 {
        assert!(began.elapsed() < Duration::from_secs(8), "they expired");
        tokio::time::sleep(Duration::from_millis(100)).await;
        aws.credentials().await.unwrap();
    }
    assert!(began.elapsed() > Duration::from_secs(3), "renewed too early: {:?}", began.elapsed());
}

#[tokio::test]
async fn expired_credentials_are_renewed_under_way() {
    let server = Server::answering(Answer::numbers(2000)).await;
    let athena = Athena::new(Aws::new(config(&server)).await.unwrap(), workgroup());
    assert_eq!(numbers(&mut athena.run(request("before")).await.unwrap()).await.unwrap().len(), 2000);
    // AWS takes none but the next.
    server.world().good_key = Some("none yet".to_owned());
    assert_eq!(numbers(&mut athena.run(request("after")).await.unwrap()).await.unwrap().len(), 2000);
    assert_eq!(server.world().assumed.len(), 2);
}

#[tokio::test]
async fn credentials_that_can_not_be_renewed_are_told() {
    let server = Server::answering(Answer::default()).await;
    server.world().fault("StartQueryExecution", [Fault::Expired, Fault::Expired]);
    let error = server.athena().await.run(request("expired")).await.err().unwrap();
    assert_eq!((error.code, error.kind), ("CREDENTIALS_EXPIRED", ErrorKind::Unavailable));
    assert!(error.hint.is_some());
}

/// AWS says nothing else of a role that is gone with its stack.
#[tokio::test]
async fn a_role_that_is_gone_is_told_with_its_name() {
    let server = Server::start().await;
    let refusal = "User: arn:aws:iam::123456789012:user/x is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/demo";
    server.world().fault("AssumeRole", [Fault::Forbidden(refusal)]);
    let error = Aws::new(config(&server)).await.unwrap().credentials().await.err().unwrap();
    assert_eq!((error.code, error.kind), ("CREDENTIALS_MISSING", ErrorKind::Unavailable));
    assert_eq!(
        error.message,
        "The role arn:aws:iam::123456789012:role/demo can't be assumed: it is gone, or it does not trust the credentials that ask."
    );
    let mut nobody = config(&server);
    nobody.endpoints.sts = Some("http://127.0.0.1:9".to_owned());
    let error = Aws::new(nobody).await.unwrap().credentials().await.err().unwrap();
    assert!(!error.message.contains("is gone"), "an STS that is away says nothing of the role: {error}");
}

#[tokio::test]
async fn secrets_are_in_no_debug_text() {
    let server = Server::start().await;
    let config = config(&server);
    let aws = Aws::new(config.clone()).await.unwrap();
    let credentials = aws.credentials().await.unwrap();
    let text = format!("{config:?} {aws:?} {:?} {credentials:?}", Athena::new(aws.clone(), workgroup()));
    for secret in ["base-secret", "role-secret", "role-token"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn a_region_or_endpoint_that_can_not_be_is_refused() {
    let server = Server::start().await;
    for region in ["", "Frankfurt", "us-east-1.evil.example/"] {
        let config = AwsConfig { region: region.to_owned(), ..config(&server) };
        assert_eq!(Aws::new(config).await.err().unwrap().code, "INVALID_LOCATION");
    }
    let mut config = config(&server);
    config.endpoints.athena = Some("athena".to_owned());
    assert_eq!(Aws::new(config).await.err().unwrap().code, "INVALID_LOCATION");
}
