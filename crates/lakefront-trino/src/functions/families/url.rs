//! Parts of URLs, by the rules of RFC 2396 as `java.net.URI` reads them.

use datafusion::arrow::array::ArrayRef;

use self::uri::Uri;
use super::super::{Function, scalar};
use crate::call::Call;
use crate::error::{Error, Result};
use crate::types::{Type, VARCHAR};

mod uri;

pub(super) fn all() -> Vec<Function> {
    const PART: &str = "(varchar(x)) -> varchar(x)";
    vec![
        scalar("url_extract_protocol", PART, |call| part(call, |uri| uri.scheme.map(str::to_owned))),
        scalar("url_extract_host", PART, |call| part(call, |uri| uri.host.map(str::to_owned))),
        scalar("url_extract_path", PART, |call| part(call, |uri| uri.path.map(uri::decoded))),
        scalar("url_extract_query", PART, |call| part(call, |uri| uri.query.map(uri::decoded))),
        scalar("url_extract_fragment", PART, |call| part(call, |uri| uri.fragment.map(uri::decoded))),
        scalar("url_extract_port", "(varchar) -> bigint", port),
        scalar("url_extract_parameter", "(varchar(x), varchar) -> varchar(x)", parameter),
        scalar("url_encode", "(varchar) -> varchar", encode).returning(|types| {
            Ok(match types[0] {
                Type::Varchar(Some(length)) if length < i32::MAX as u32 / 12 => Type::Varchar(Some(length * 12)),
                _ => VARCHAR,
            })
        }),
        scalar("url_decode", PART, decode),
    ]
}

/// Null where the text is no URL; empty where it has no such part.
fn part(call: &Call, of: impl Fn(&Uri<'_>) -> Option<String>) -> Result<ArrayRef> {
    let url = call.text(0);
    call.texts(|row| Ok(url.get(row).and_then(Uri::parse).map(|uri| of(&uri).unwrap_or_default())))
}

fn port(call: &Call) -> Result<ArrayRef> {
    let url = call.text(0);
    call.bigints(|row| Ok(url.get(row).and_then(Uri::parse).and_then(|uri| uri.port).map(i64::from)))
}

fn parameter(call: &Call) -> Result<ArrayRef> {
    let (url, name) = (call.text(0), call.text(1));
    call.texts(|row| {
        let (Some(url), Some(name)) = (url.get(row), name.get(row)) else { return Ok(None) };
        let Some(query) = Uri::parse(url).and_then(|uri| uri.query) else { return Ok(None) };
        let found = query
            .split('&')
            .map(|pair| pair.split_once('=').map_or((pair, None), |(key, value)| (key, Some(value))))
            .find(|(key, _)| *key == name);
        match found {
            Some((_, Some(value))) => form_decoded(value).map(Some),
            Some((_, None)) => Ok(Some(String::new())),
            None => Ok(None),
        }
    })
}

fn encode(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    call.texts(|row| {
        Ok(text.get(row).map(|text| {
            let mut out = String::with_capacity(text.len());
            for byte in text.bytes() {
                match byte {
                    b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
                    b' ' => out.push('+'),
                    _ => out.push_str(&format!("%{byte:02X}")),
                }
            }
            out
        }))
    })
}

fn decode(call: &Call) -> Result<ArrayRef> {
    let text = call.text(0);
    call.texts(|row| text.get(row).map(form_decoded).transpose())
}

/// A value of a form: `+` is a space.
fn form_decoded(text: &str) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
                match (digit(), digit()) {
                    (Some(high), Some(low)) => bytes.push((high << 4 | low) as u8),
                    _ => {
                        return Err(Error::invalid_argument(
                            "URLDecoder: Illegal hex characters in escape (%) pattern",
                        ));
                    }
                }
            }
            _ => bytes.push(byte),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
