//! Whose name AWS hears, and what is missing when it says no.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lakefront_engine::S3Credentials;
use lakefront_query::aws::{AssumeRole, Athena, Aws, AwsAccess, AwsChecks, AwsConfig, WebToken, missing_policy};
use lakefront_query::{Principal, Role};
use serde_json::json;

use crate::server::{Answer, Fault, Server, request, workgroup};

fn config(server: &Server, access: AwsAccess, per_person: bool) -> AwsConfig {
    AwsConfig {
        region: "us-east-1".to_owned(),
        profile: None,
        access,
        assume_role: Some(AssumeRole {
            role_arn: "arn:aws:iam::123456789012:role/demo".to_owned(),
            external_id: None,
            session_name: "lakefront".to_owned(),
            tags: Vec::new(),
            per_person,
        }),
        endpoints: server.endpoints(),
    }
}

fn keys() -> AwsAccess {
    AwsAccess::Keys {
        access_key_id: "AKIDTEST".to_owned(),
        secret_access_key: "base-secret".to_owned(),
        session_token: None,
    }
}

fn person(name: &str) -> Principal {
    Principal { id: format!("id-of-{name}"), name: name.to_owned(), role: Role::Viewer, groups: Vec::new() }
}

async fn key_of(aws: &Aws) -> String {
    match aws.credentials().await.unwrap() {
        S3Credentials::Keys { access_key_id, .. } => access_key_id,
        S3Credentials::Anonymous => "anonymous".to_owned(),
    }
}

#[tokio::test]
async fn everyone_has_a_session_that_names_them() {
    let server = Server::start().await;
    let aws = Aws::new(config(&server, keys(), true)).await.unwrap();
    let (ada, eve) = (aws.acting_for(&person("ada")).await.unwrap(), aws.acting_for(&person("eve")).await.unwrap());
    let (of_ada, of_eve, own) = (key_of(&ada).await, key_of(&eve).await, key_of(&aws).await);
    assert!(of_ada != of_eve && of_ada != own && of_eve != own);
    // Another question of the same person takes no new session.
    assert_eq!(key_of(&aws.acting_for(&person("ada")).await.unwrap()).await, of_ada);
    let world = server.world();
    assert_eq!(world.assumed.len(), 3);
    for part in [
        "RoleSessionName=ada-id-of-ada",
        "Tags.member.1.Key=lakefront%3Auser",
        "Tags.member.1.Value=ada",
        "Tags.member.2.Key=lakefront%3Auser_id",
        "Tags.member.2.Value=id-of-ada",
    ] {
        assert!(world.assumed[0].contains(part), "{part} in {}", world.assumed[0]);
    }
    assert!(world.assumed[2].contains("RoleSessionName=lakefront") && !world.assumed[2].contains("Tags"));
}

#[tokio::test]
async fn without_a_session_per_person_all_share_one() {
    let server = Server::start().await;
    let aws = Aws::new(config(&server, keys(), false)).await.unwrap();
    assert!(!aws.is_per_person());
    let ada = aws.acting_for(&person("ada")).await.unwrap();
    assert_eq!(key_of(&ada).await, key_of(&aws).await);
    assert_eq!(server.world().assumed.len(), 1);
}

#[tokio::test]
async fn sessions_kept_for_people_are_bounded() {
    let server = Server::start().await;
    let aws = Aws::new(config(&server, keys(), true)).await.unwrap();
    for number in 0..300 {
        key_of(&aws.acting_for(&person(&format!("p{number}"))).await.unwrap()).await;
    }
    // The newest are kept, the oldest are asked for again.
    key_of(&aws.acting_for(&person("p299")).await.unwrap()).await;
    assert_eq!(server.world().assumed.len(), 300);
    key_of(&aws.acting_for(&person("p0")).await.unwrap()).await;
    assert_eq!(server.world().assumed.len(), 301);
}

#[tokio::test]
async fn a_run_is_started_in_the_name_of_who_asks() {
    let server = Server::answering(Answer::default()).await;
    let athena = Athena::new(Aws::new(config(&server, keys(), true)).await.unwrap(), workgroup());
    let mut run = athena.acting_for(&person("ada")).await.unwrap().run(request("per person")).await.unwrap();
    while let Some(batch) = run.next().await {
        batch.unwrap();
    }
    assert!(server.world().assumed.iter().any(|form| form.contains("RoleSessionName=ada-id-of-ada")));
}

#[tokio::test]
async fn a_web_identity_takes_on_a_role_with_the_token_of_the_moment() {
    let server = Server::start().await;
    let asked = Arc::new(AtomicUsize::new(0));
    let token = {
        let asked = asked.clone();
        WebToken::new(move || Some(format!("token-{}", asked.fetch_add(1, Ordering::Relaxed))))
    };
    let config = config(&server, AwsAccess::WebIdentity(token), false);
    assert!(!format!("{config:?}").contains("token-"));
    let aws = Aws::new(config).await.unwrap();
    assert_eq!(key_of(&aws).await, "AKIDROLE1");
    key_of(&aws).await;
    {
        let world = server.world();
        assert_eq!(world.assumed.len(), 1);
        assert!(world.assumed[0].contains("WebIdentityToken=token-0"), "{}", world.assumed[0]);
        assert!(world.assumed[0].contains("RoleSessionName=lakefront"));
    }
    let none = crate::people::config(&server, AwsAccess::WebIdentity(WebToken::new(|| None)), false);
    let error = Aws::new(none).await.unwrap().credentials().await.err().unwrap();
    assert_eq!(error.code, "CREDENTIALS_MISSING");
}

#[tokio::test]
async fn the_limit_of_a_workgroup_is_compared_and_set() {
    let server = Server::start().await;
    let aws = server.aws().await;
    let told = async |run_limit: Option<u64>| {
        let what = AwsChecks { workgroup: Some("primary".to_owned()), run_limit, ..AwsChecks::default() };
        let checks = aws.check(&what).await;
        assert!(checks.iter().all(|check| check.ok), "{checks:?}");
        let check = checks.into_iter().find(|check| check.name == "Limit per query");
        check.map(|check| {
            assert_eq!(check.mend.is_some(), run_limit.is_some() && check.hint.is_some());
            (check.detail, check.hint.unwrap_or_default())
        })
    };
    let (detail, hint) = told(None).await.unwrap();
    assert_eq!(detail, "the workgroup ends no query, and one run here may read what it likes");
    assert!(hint.contains("query.max_scan_bytes"), "{hint}");
    let (detail, hint) = told(Some(2_000_000_000)).await.unwrap();
    assert_eq!(detail, "the workgroup ends no query; one run here may read 2 GB");
    assert!(hint.contains("athena:UpdateWorkGroup on arn:aws:athena:us-east-1:*:workgroup/primary"), "{hint}");
    assert!(hint.ends_with("--work-group primary --configuration-updates BytesScannedCutoffPerQuery=2000000000"));

    assert_eq!(aws.limit_workgroup("primary", 2_000_000_000).await.unwrap(), 2_000_000_000);
    let (detail, hint) = told(Some(2_000_000_000)).await.unwrap();
    assert_eq!(
        (detail.as_str(), hint.as_str()),
        ("the workgroup ends a query after 2 GB; one run here may read 2 GB", "")
    );
    // A lower limit here, also below the least that Athena takes.
    assert!(told(Some(1_000_000)).await.unwrap().1.ends_with("BytesScannedCutoffPerQuery=10000000"));
    assert_eq!(aws.limit_workgroup("primary", 1_000_000).await.unwrap(), 10_000_000);
    assert_eq!(told(Some(1_000_000)).await.unwrap().1, "");
    assert_eq!(told(None).await, None);

    let words = "User: arn:aws:iam::1:user/ada is not authorized to perform: athena:UpdateWorkGroup on resource: \
                 arn:aws:athena:us-east-1:1:workgroup/primary";
    server.world().fault("UpdateWorkGroup", [Fault::Forbidden(words)]);
    let refused = lakefront_query::QueryError::from(aws.limit_workgroup("primary", 1).await.unwrap_err());
    assert_eq!(refused.code, "FORBIDDEN");
    assert!(refused.message.contains("athena:UpdateWorkGroup"), "{refused}");
}

#[tokio::test]
async fn a_check_names_action_resource_and_line() {
    let server = Server::start().await;
    let words = "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: glue:GetDatabases on resource: \
                 arn:aws:glue:us-east-1:123456789012:database/demo because no identity-based policy allows the action";
    server.world().fault("GetDatabases", [Fault::Forbidden(words)]);
    server.world().fault("GetTables", [Fault::Forbidden("You are not authorized")]);
    server.world().fault("GetWorkGroup", [Fault::Forbidden("You are not authorized")]);
    let what = AwsChecks { identity: true, glue: true, workgroup: Some("primary".to_owned()), ..AwsChecks::default() };
    let checks = server.aws().await.check(&what).await;
    let shown: Vec<_> = checks
        .iter()
        .map(|check| {
            let missing = check.missing.as_ref();
            (check.name.as_str(), check.ok, missing.map(|missing| (missing.action.as_str(), missing.resource.as_str())))
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("sts:GetCallerIdentity", true, None),
            (
                "glue:GetDatabases",
                false,
                Some(("glue:GetDatabases", "arn:aws:glue:us-east-1:123456789012:database/demo"))
            ),
            ("glue:GetTables", false, Some(("glue:GetTables", "arn:aws:glue:us-east-1:123456789012:catalog"))),
            ("glue:GetPartitions", true, None),
            (
                "athena:GetWorkGroup",
                false,
                Some(("athena:GetWorkGroup", "arn:aws:athena:us-east-1:123456789012:workgroup/primary"))
            ),
        ]
    );
    assert_eq!(
        missing_policy(&checks).unwrap()["Statement"],
        json!([
            {
                "Effect": "Allow",
                "Action": "glue:GetDatabases",
                "Resource": [
                    "arn:aws:glue:us-east-1:123456789012:catalog",
                    "arn:aws:glue:us-east-1:123456789012:database/*"
                ]
            },
            {
                "Effect": "Allow",
                "Action": "glue:GetTables",
                "Resource": [
                    "arn:aws:glue:us-east-1:123456789012:catalog",
                    "arn:aws:glue:us-east-1:123456789012:database/*",
                    "arn:aws:glue:us-east-1:123456789012:table/*/*"
                ]
            },
            {
                "Effect": "Allow",
                "Action": "athena:GetWorkGroup",
                "Resource": "arn:aws:athena:us-east-1:123456789012:workgroup/primary"
            }
        ])
    );
}
