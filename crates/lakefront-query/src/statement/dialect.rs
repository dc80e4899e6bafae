//! Whose SQL a statement is in: that of whoever keeps its tables.

use std::sync::Arc;

use lakefront_trino::{Sql, Word, words_of};
use sqlparser::tokenizer::Token;

use super::names::Defaults;
use crate::Catalogs;
use crate::catalog::Link;

/// By the first catalog that the text names, or the default one. It is only likely: `lake.id` may be a column.
pub(super) fn likely(text: &str, defaults: &Defaults, catalogs: &Catalogs) -> Sql {
    let of = |catalog: &str| catalogs.link(catalog).map_or(Sql::Trino, |link| link.sql());
    let names = catalogs.names();
    let spoken = names.iter().map(|name| of(name)).collect::<Vec<_>>();
    if !spoken.contains(&Sql::Postgres) {
        return Sql::Trino;
    }
    let words = words_of(Sql::Postgres, text).unwrap_or_default();
    let named = first_catalog(&words, &names);
    named.or(defaults.catalog.as_deref()).map_or(Sql::Trino, of)
}

pub(super) fn default_link(defaults: &Defaults, catalogs: &Catalogs) -> Option<Arc<dyn Link>> {
    catalogs.link(defaults.catalog.as_deref()?)
}

/// The first name before a point that is a catalog's.
fn first_catalog<'a>(words: &[Word], names: &'a [String]) -> Option<&'a str> {
    let words: Vec<&Word> = words.iter().filter(|word| !word.is_space()).collect();
    words.windows(2).enumerate().find_map(|(at, pair)| {
        let after_point = at > 0 && words[at - 1].token == Token::Period;
        match (&pair[0].token, &pair[1].token) {
            (Token::Word(word), Token::Period) if !after_point => {
                names.iter().find(|name| name.eq_ignore_ascii_case(&word.value)).map(String::as_str)
            }
            _ => None,
        }
    })
}
