//! Errors of a catalog that can't be reached: which one it is, and the way out where what it reads is gone for good.

use crate::QueryError;

/// The error as whoever asks this catalog is told it; `kind` as of [`CatalogInfo`](super::CatalogInfo).
pub(crate) fn told(catalog: &str, kind: &str, error: QueryError) -> QueryError {
    let is_gone = match error.code {
        "INVALID_LOCATION" | "CREDENTIALS_MISSING" => true,
        "CREDENTIALS_EXPIRED" | "FORBIDDEN" => false,
        _ => return error,
    };
    let message = format!("Catalog \"{catalog}\" can't be read: {}", error.message);
    let way_out = is_gone.then(|| {
        let made_again = match kind {
            "glue" | "s3" => "; `lakefront setup aws apply` makes a stack again that it made before",
            _ => "",
        };
        format!(
            "If it is gone for good, take the catalog away: `lakefront catalog remove {catalog}`, or its lines in the \
             settings file{made_again}."
        )
    });
    let hint = [error.hint, way_out].into_iter().flatten().collect::<Vec<_>>().join(" ");
    QueryError { message, hint: (!hint.is_empty()).then_some(hint), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_told_with_its_catalog_and_the_way_out() {
        let gone = QueryError::user("INVALID_LOCATION", "There is no bucket \"lake\".");
        let error = told("sales", "s3", gone);
        assert_eq!(error.message, "Catalog \"sales\" can't be read: There is no bucket \"lake\".");
        assert_eq!(
            error.hint.as_deref(),
            Some(
                "If it is gone for good, take the catalog away: `lakefront catalog remove sales`, or its lines in the \
                 settings file; `lakefront setup aws apply` makes a stack again that it made before."
            )
        );
        let refused = QueryError::user("FORBIDDEN", "No.").with_hint("Add to the policy: x");
        let error = told("sales", "glue", refused);
        assert_eq!(error.message, "Catalog \"sales\" can't be read: No.");
        assert_eq!(error.hint.as_deref(), Some("Add to the policy: x"));
        let other = QueryError::user("COLUMN_NOT_FOUND", "There is no column x.");
        assert_eq!(told("sales", "glue", other.clone()), other);
    }
}
