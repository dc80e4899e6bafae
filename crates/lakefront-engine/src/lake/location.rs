//! Locations as people write them, parsed once.

use std::path::{Path, PathBuf};

use crate::error::{EngineError, EngineErrorKind};

/// A folder of this machine that a catalog may read: absolute, without links, existing when it was parsed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LocalRoot(PathBuf);

impl LocalRoot {
    /// Parses a folder's path.
    ///
    /// With `allowed` roots, a relative path is taken from the first of them and the folder must lie in one of them
    /// after all links are resolved. Without, the path must be absolute.
    pub fn parse(text: &str, allowed: Option<&[PathBuf]>) -> Result<LocalRoot, EngineError> {
        if text.contains("://") || text.starts_with("file:") {
            return Err(invalid("a folder is given by its path, not by a URI"));
        }
        let segments = text.strip_prefix('/').unwrap_or(text);
        check_segments(segments.strip_suffix('/').unwrap_or(segments), text != "/")?;

        let mut path = PathBuf::from(text);
        if path.is_relative() {
            let Some(first) = allowed.and_then(<[PathBuf]>::first) else {
                return Err(invalid("a folder's path starts with \"/\""));
            };
            path = first.join(path);
        }
        let resolved =
            path.canonicalize().map_err(|error| invalid("there is no such folder").with_detail(error.to_string()))?;
        if !resolved.is_dir() {
            return Err(invalid("this is not a folder"));
        }
        if let Some(allowed) = allowed
            && !allowed.iter().filter_map(|root| root.canonicalize().ok()).any(|root| resolved.starts_with(root))
        {
            return Err(invalid("the folder lies outside the folders catalogs may use"));
        }
        if resolved == Path::new("/") || SYSTEM.iter().any(|system| resolved.starts_with(system)) {
            return Err(invalid("this folder belongs to the system"));
        }
        Ok(LocalRoot(resolved))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The folder's own name, for a table that is the root itself.
    pub fn last_segment(&self) -> Option<&str> {
        self.0.file_name().and_then(|name| name.to_str())
    }
}

const SYSTEM: [&str; 5] = ["/proc", "/sys", "/dev", "/etc", "/boot"];

/// A bucket and a key prefix that ends at a segment's end: `s3://lake/pub` never covers `public-secret/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct S3Location {
    bucket: String,
    prefix: String,
}

impl S3Location {
    /// Parses `s3://bucket/some/prefix`, with or without a slash at the end. The prefix is literal: nothing in it is
    /// decoded.
    pub fn parse(text: &str) -> Result<S3Location, EngineError> {
        let Some(rest) = text.strip_prefix("s3://") else {
            return Err(invalid("an S3 location looks like s3://bucket/prefix"));
        };
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if !(3..=63).contains(&bucket.len())
            || !bucket.chars().all(fits)
            || !ends(bucket.chars().next())
            || !ends(bucket.chars().next_back())
            || bucket.contains("..")
        {
            return Err(invalid("a bucket name has 3 to 63 lower-case letters, digits, dots and hyphens"));
        }
        let key = key.strip_suffix('/').unwrap_or(key);
        check_segments(key, !key.is_empty())?;
        if key.contains(['?', '#']) {
            return Err(invalid("\"?\" and \"#\" have no meaning in a location"));
        }
        if key.len() > 1000 {
            return Err(invalid("the prefix is longer than 1,000 bytes"));
        }
        Ok(S3Location {
            bucket: bucket.to_owned(),
            prefix: if key.is_empty() { String::new() } else { format!("{key}/") },
        })
    }

    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Empty, or ending in `/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The last segment of the prefix, for a table that is the root itself.
    pub fn last_segment(&self) -> Option<&str> {
        self.prefix.strip_suffix('/').and_then(|prefix| prefix.rsplit('/').next())
    }

    /// As people read it: `s3://bucket/prefix/`.
    pub fn uri(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

/// Refuses everything that means a place other than it says, or reads other than it is.
fn check_segments(text: &str, required: bool) -> Result<(), EngineError> {
    if required && text.is_empty() {
        return Err(invalid("the location is empty"));
    }
    if text.chars().any(is_deceptive) {
        return Err(invalid("the location holds control, format or look-alike characters"));
    }
    if text.contains('\\') {
        return Err(invalid("the location holds a backslash; segments are divided by \"/\""));
    }
    if has_percent_escape(text) {
        return Err(invalid("the location holds a percent escape; write the characters themselves"));
    }
    for segment in text.split('/') {
        match segment {
            "" if required => return Err(invalid("the location holds \"//\"")),
            "." | ".." => return Err(invalid("the location holds a \".\" or \"..\" segment")),
            _ => {}
        }
    }
    Ok(())
}

fn has_percent_escape(text: &str) -> bool {
    text.as_bytes()
        .windows(3)
        .any(|window| window[0] == b'%' && window[1].is_ascii_hexdigit() && window[2].is_ascii_hexdigit())
}

/// Control and format characters, and those that Unicode normalisation turns into dots, slashes or backslashes.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
            | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffd}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}'
            // Dots, slashes and backslashes in disguise.
            | '\u{2024}'..='\u{2026}' | '\u{fe52}' | '\u{ff0e}' | '\u{2044}' | '\u{2215}' | '\u{29f8}' | '\u{ff0f}'
            | '\u{29f5}' | '\u{29f9}' | '\u{fe68}' | '\u{ff3c}' | '\u{2216}' | '\u{fe19}')
}

fn invalid(why: &str) -> EngineError {
    EngineError::new(EngineErrorKind::InvalidLocation, format!("Invalid location: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(result: Result<impl Sized, EngineError>) -> Option<&'static str> {
        result.err().map(|error| error.code())
    }

    #[test]
    fn locations_that_mean_another_place_are_refused() {
        for text in [
            "s3://lake/forecast/../../secrets/",
            "s3://lake/forecast/%2e%2e/secrets",
            "s3://lake/forecast/..%2fsecrets",
            "s3://lake/forecast\\..\\secrets",
            "s3://lake/forecast/\0",
            "s3://lake//forecast",
            "s3://lake/forecast//",
            "s3://lake/\u{2025}/secrets",
            "s3://lake/\u{202e}tsacerof",
            "s3://lake/\u{ff0e}\u{ff0e}/secrets",
            "s3://lake/a?versionId=1",
            "s3://user@lake/forecast",
            "s3://la..ke/forecast",
            "s3:///forecast",
            "file:///etc",
            "https://lake.s3.amazonaws.com/x",
            "/etc",
            "",
        ] {
            assert_eq!(code(S3Location::parse(text)), Some("INVALID_LOCATION"), "{text:?}");
        }
        for text in [
            "/srv/../etc",
            "/srv//x",
            "/srv/%2e%2e/x",
            "/srv/a\\b",
            "/srv/\0",
            "/srv/\u{2025}/x",
            "file:///etc",
            "file:/etc",
            "/",
            "/etc",
            "/proc/self",
            "srv",
            "",
            "s3://lake",
        ] {
            assert_eq!(code(LocalRoot::parse(text, None)), Some("INVALID_LOCATION"), "{text:?}");
        }
    }

    #[test]
    fn a_prefix_ends_with_its_segment() {
        let location = S3Location::parse("s3://lake/pub").expect("parses");
        assert_eq!((location.bucket(), location.prefix()), ("lake", "pub/"));
        assert_eq!(location.last_segment(), Some("pub"));
        assert_eq!(location, S3Location::parse("s3://lake/pub/").expect("parses"));
        assert_eq!(S3Location::parse("s3://lake").expect("parses").prefix(), "");
        assert_eq!(S3Location::parse("s3://lake/50%/ü +").expect("parses").prefix(), "50%/ü +/");
    }

    #[test]
    fn a_folder_must_lie_in_an_allowed_one_after_links() {
        let dir = tempfile::tempdir().expect("folder");
        let (allowed, outside) = (dir.path().join("allowed"), dir.path().join("outside"));
        std::fs::create_dir_all(allowed.join("lake")).expect("folder");
        std::fs::create_dir_all(&outside).expect("folder");
        std::os::unix::fs::symlink(&outside, allowed.join("link")).expect("link");
        let roots = [allowed.clone()];
        let parse = |text: &str| LocalRoot::parse(text, Some(&roots));

        let lake = parse("lake").expect("relative to the allowed root");
        assert_eq!(lake.path(), allowed.join("lake").canonicalize().expect("exists"));
        assert_eq!(code(parse("link")), Some("INVALID_LOCATION"));
        assert_eq!(code(parse(outside.to_str().expect("utf-8"))), Some("INVALID_LOCATION"));
        assert_eq!(code(parse("missing")), Some("INVALID_LOCATION"));
    }

    proptest! {
        /// Whatever parses is one literal place below the bucket.
        #[test]
        fn what_parses_is_literal(text in "s3://[a-z.]{2,5}/?([a-zü%.2eEfF/\\\\ +\u{2025}\u{200b}=-]{0,12})") {
            if let Ok(location) = S3Location::parse(&text) {
                let written = text.strip_suffix('/').unwrap_or(&text);
                let uri = location.uri();
                prop_assert_eq!(uri.trim_end_matches('/'), written.trim_end_matches('/'));
                prop_assert!(location.prefix().is_empty() || location.prefix().ends_with('/'));
                prop_assert!(location.prefix().trim_end_matches('/').split('/').all(|s| s != "." && s != ".."));
                prop_assert!(!location.prefix().contains("//"));
            }
        }
    }
}
