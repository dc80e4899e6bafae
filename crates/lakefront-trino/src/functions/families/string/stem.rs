//! The stems of words, as the Snowball of Trino finds them, which is older than ours.

use std::borrow::Cow;

use datafusion::arrow::array::ArrayRef;
use rust_stemmers::{Algorithm, Stemmer};

use super::super::super::{Function, scalar};
use super::super::prepared::Prepared;
use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::types::Type;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("word_stem", "(varchar(x)) -> varchar(x)", word_stem),
        scalar("word_stem", "(varchar(x), varchar(2)) -> varchar(x)", word_stem).returning(stem_type),
    ]
}

/// A language has two letters, by its type already.
fn stem_type(arguments: &[Type]) -> Result<Type> {
    match &arguments[1] {
        Type::Varchar(Some(0..=2)) => Ok(arguments[0].clone()),
        other => {
            Err(Error::new(Code::FunctionNotFound, format!("Unexpected parameters ({other}) for function word_stem")))
        }
    }
}

fn word_stem(call: &Call) -> Result<ArrayRef> {
    let word = call.text(0);
    let language = (call.arguments.len() > 1).then(|| call.text(1));
    let mut stemmers: Prepared<Stemmer> = Prepared::new();
    call.texts(|row| {
        let language = match &language {
            Some(language) => language.get(row),
            None => Some("en"),
        };
        let (Some(word), Some(language)) = (word.get(row), language) else { return Ok(None) };
        Ok(Some(stem(stemmers.of(language, stemmer)?, language, word)))
    })
}

fn stemmer(language: &str) -> Result<Stemmer> {
    let algorithm = match language {
        "da" => Algorithm::Danish,
        "de" => Algorithm::German,
        "en" => Algorithm::English,
        "es" => Algorithm::Spanish,
        "fi" => Algorithm::Finnish,
        "fr" => Algorithm::French,
        "hu" => Algorithm::Hungarian,
        "it" => Algorithm::Italian,
        "nl" => Algorithm::Dutch,
        "no" => Algorithm::Norwegian,
        "pt" => Algorithm::Portuguese,
        "ro" => Algorithm::Romanian,
        "ru" => Algorithm::Russian,
        "sv" => Algorithm::Swedish,
        "tr" => Algorithm::Turkish,
        "ca" | "eu" | "hy" | "ir" | "lt" => {
            return Err(Error::not_here(format!("word_stem in the language '{language}'")));
        }
        other => return Err(Error::invalid_argument(format!("Unknown stemmer language: {other}"))),
    };
    Ok(Stemmer::create(algorithm))
}

fn stem<'a>(stemmer: &Stemmer, language: &str, word: &'a str) -> Cow<'a, str> {
    match language {
        "de" => stemmer.stem(&with_umlauts(word)).replace(KEPT_SHARP_S, "ß").into(),
        "hu" => with_other_accents(&stemmer.stem(&with_other_accents(word))).into(),
        "pt" => portuguese(stemmer, word),
        "tr" => turkish(stemmer, word),
        _ => stemmer.stem(word),
    }
}

/// Stands for a ß that is not to become ss: no letter, as ß is no vowel.
const KEPT_SHARP_S: char = '\u{fffe}';

/// What Snowball's `German2`, which is Trino's German, does before it goes on as German: ae, oe and ue are umlauts.
fn with_umlauts(word: &str) -> String {
    let is_vowel = |letter: char| "aeiouyäöü".contains(letter);
    let mut letters: Vec<char> = word.chars().collect();
    for at in 1..letters.len().saturating_sub(1) {
        if matches!(letters[at], 'u' | 'y') && is_vowel(letters[at - 1]) && is_vowel(letters[at + 1]) {
            letters[at].make_ascii_uppercase();
        }
    }
    let mut text = String::with_capacity(word.len());
    let mut rest = letters.as_slice();
    loop {
        rest = match rest {
            [first @ ('a' | 'o' | 'u'), 'e', rest @ ..] => {
                text.push(match first {
                    'a' => 'ä',
                    'o' => 'ö',
                    _ => 'ü',
                });
                rest
            }
            // What stands behind qu it does not look at.
            ['q', 'u', rest @ ..] => {
                let (unseen, rest) = rest.split_at(if rest.len() < 2 { rest.len() } else { 2 });
                let kept = unseen.iter().map(|letter| if *letter == 'ß' { KEPT_SHARP_S } else { *letter });
                text.extend(['q', 'u'].into_iter().chain(kept));
                rest
            }
            [letter, rest @ ..] => {
                text.push(*letter);
                rest
            }
            [] => return text,
        }
    }
}

/// Trino's Hungarian knows õ and û, which its texts were once written with, where ours knows ő and ű.
fn with_other_accents(word: &str) -> String {
    let other = |letter| match letter {
        'ő' => 'õ',
        'õ' => 'ő',
        'ű' => 'û',
        'û' => 'ű',
        letter => letter,
    };
    word.chars().map(other).collect()
}

/// Trino's Portuguese takes `ución` and `uciones` for endings, where ours takes `ução` and `uções`.
fn portuguese<'a>(stemmer: &Stemmer, word: &'a str) -> Cow<'a, str> {
    let without = |endings: [&str; 2]| {
        let rest = endings.iter().find_map(|ending| word.strip_suffix(ending));
        rest.filter(|rest| rest.ends_with('u'))
    };
    if let Some(rest) = without(["ción", "ciones"])
        && stemmer.stem(&format!("{rest}ção")) == rest
    {
        return rest.into();
    }
    let without_u =
        [["ção", "ções"], ["ça~o", "ço~es"]].into_iter().find_map(without).and_then(|rest| rest.strip_suffix('u'));
    match without_u {
        Some(start) => {
            // With another vowel in its place it is no ending.
            let stem = stemmer.stem(&format!("{start}ú{}", &word[start.len() + 1..])).into_owned();
            match stem.rfind('ú') {
                Some(at) => format!("{}u{}", &stem[..at], &stem[at + 'ú'.len_utf8()..]).into(),
                None => stem.into(),
            }
        }
        None => stemmer.stem(word),
    }
}

/// Trino gives the word itself where Snowball says that it did not get to the end: after a plural it took off first, and
/// where it came to a name's word.
fn turkish<'a>(stemmer: &Stemmer, word: &'a str) -> Cow<'a, str> {
    if word.ends_with("lar") || word.ends_with("ler") {
        return word.into();
    }
    match stemmer.stem(word) {
        stem if matches!(stem.as_ref(), "ad" | "soyad") => word.into(),
        stem => stem,
    }
}
