//! Locations at the door of a catalog.

use lakefront_query::{CatalogSource, Catalogs, CatalogsConfig};

use crate::folder::{Lake, in_process};

fn s3(uri: &str, endpoint: Option<&str>) -> CatalogSource {
    CatalogSource::S3 {
        uri: uri.to_owned(),
        region: Some("us-east-1".to_owned()),
        endpoint: endpoint.map(str::to_owned),
        credentials: None,
        access: None,
    }
}

#[tokio::test]
async fn places_that_are_not_what_they_say_are_refused() {
    let lake = Lake::new();
    std::fs::create_dir(lake.path().join("outside")).expect("a folder");
    std::os::unix::fs::symlink(lake.path().join("outside"), lake.root().join("link")).expect("a link");
    let config =
        CatalogsConfig { allowed_roots: Some(vec![lake.root()]), ..CatalogsConfig::new(lake.path().join("catalogs")) };
    let catalogs = Catalogs::new(config, in_process());

    let outside = lake.path().join("outside");
    let link = lake.root().join("link");
    let mut sources: Vec<CatalogSource> = [
        "../outside",
        "link",
        "/etc",
        "file:///etc",
        "a\\b",
        "\0",
        "//",
        "%2e%2e/outside",
        "\u{2025}/outside",
        outside.to_str().expect("UTF-8"),
        link.to_str().expect("UTF-8"),
    ]
    .into_iter()
    .map(|path| CatalogSource::Local { path: path.to_owned() })
    .collect();
    for uri in [
        "s3://lake/forecast/../../secrets/",
        "s3://lake/%2e%2e/x",
        "s3://lake//x",
        "s3://lake/\u{2025}/",
        "file:///etc",
    ] {
        sources.push(s3(uri, None));
    }
    sources.push(s3("s3://lake/x", Some("http://169.254.169.254/")));
    for source in sources {
        let error = catalogs.add("lake", source.clone()).await.expect_err("refused");
        assert_eq!((error.code, error.status()), ("INVALID_LOCATION", 400), "{source:?}");
        assert!(!error.message.contains(lake.path().to_str().expect("UTF-8")), "{}", error.message);
    }
    assert!(catalogs.list().is_empty());

    for name in ["", "Lake", "1a", "a-b", "a.b", "\"", &"a".repeat(64)] {
        let source = CatalogSource::Local { path: lake.root().to_str().expect("UTF-8").to_owned() };
        assert_eq!(catalogs.add(name, source).await.expect_err("no name").code, "INVALID_PARAMETER");
    }
}

#[tokio::test]
async fn a_name_is_taken_once_until_it_is_removed() {
    let lake = Lake::new();
    lake.write("t.csv", "a\n1\n");
    let catalogs = lake.catalogs().await;
    let source = CatalogSource::Local { path: lake.root().to_str().expect("UTF-8").to_owned() };
    assert_eq!(catalogs.add("lake", source.clone()).await.expect_err("taken").code, "ALREADY_EXISTS");
    catalogs.remove("lake").await.expect("removed");
    assert_eq!(catalogs.remove("lake").await.expect_err("gone").code, "CATALOG_NOT_FOUND");
    catalogs.add("lake", source).await.expect("added again");
    assert_eq!(catalogs.tables("lake", "default", None).await.expect("lists").len(), 1);
}

#[tokio::test]
async fn a_folder_that_goes_away_is_told_and_the_last_listing_stays() {
    let lake = Lake::new();
    lake.write("t.csv", "a\n1\n");
    let catalogs = lake.catalogs().await;
    std::fs::remove_dir_all(lake.root()).expect("removed");
    assert_eq!(catalogs.refresh("lake", None).await.expect_err("no folder").code, "INVALID_LOCATION");
    let info = &catalogs.list()[0];
    assert_eq!(info.error.as_ref().map(|error| error.code.as_str()), Some("INVALID_LOCATION"));
    assert_eq!(info.tables, 1);
}
