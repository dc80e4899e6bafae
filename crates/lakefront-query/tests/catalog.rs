//! Catalogs through their public door: real files, real inference, a real S3 server where one is named by
//! `LAKEFRONT_TEST_S3` (see `deploy/test/s3.sh`).

#[path = "catalog/bench.rs"]
mod bench;
#[path = "catalog/folder.rs"]
mod folder;
#[path = "catalog/hostile.rs"]
mod hostile;
#[path = "catalog/layout.rs"]
mod layout;
#[path = "catalog/location.rs"]
mod location;
#[path = "catalog/refresh.rs"]
mod refresh;
#[path = "catalog/s3.rs"]
mod s3;
#[path = "catalog/schema.rs"]
mod schema;
