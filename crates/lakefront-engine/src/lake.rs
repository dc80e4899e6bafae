//! Listing of local folders and S3 prefixes.
