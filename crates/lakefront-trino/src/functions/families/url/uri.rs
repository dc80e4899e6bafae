use std::net::{Ipv4Addr, Ipv6Addr};

/// The parts of a URI, as they are written.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Uri<'a> {
    pub(super) scheme: Option<&'a str>,
    pub(super) host: Option<&'a str>,
    pub(super) port: Option<u32>,
    /// `None` where the URI is no path, as in `mailto:a@b.c`.
    pub(super) path: Option<&'a str>,
    pub(super) query: Option<&'a str>,
    pub(super) fragment: Option<&'a str>,
}

impl<'a> Uri<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut uri = Uri::default();
        let (text, fragment) = cut(text, '#');
        if let Some(fragment) = fragment {
            consists(fragment, is_uric).then_some(())?;
            uri.fragment = Some(fragment);
        }
        let mut rest = text;
        if let Some(at) = text.find(['/', '?', ':'])
            && text[at..].starts_with(':')
        {
            let scheme = &text[..at];
            let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
            is_scheme.then_some(())?;
            uri.scheme = Some(scheme);
            rest = &text[at + 1..];
            if !rest.starts_with('/') {
                return (!rest.is_empty() && consists(rest, is_uric)).then_some(uri);
            }
        }
        let (hierarchy, query) = cut(rest, '?');
        if let Some(query) = query {
            consists(query, is_uric).then_some(())?;
            uri.query = Some(query);
        }
        let mut path = hierarchy;
        if let Some(after) = hierarchy.strip_prefix("//") {
            let (authority, rest) = after.split_at(after.find('/').unwrap_or(after.len()));
            path = rest;
            if authority.is_empty() {
                // Without a host there has to be something else.
                (!rest.is_empty() || uri.query.is_some() || uri.fragment.is_some()).then_some(())?;
            } else {
                uri.authority(authority)?;
            }
        }
        consists(path, |letter| is_pchar(letter) || ";/".contains(letter)).then_some(())?;
        uri.path = Some(path);
        Some(uri)
    }

    fn authority(&mut self, authority: &'a str) -> Option<()> {
        let in_brackets = authority.find(']').is_some_and(|at| at > 0);
        let is_server = consists(authority, |letter| {
            is_unreserved(letter) || ";:&=+$,@[]".contains(letter) || in_brackets && letter == '%'
        });
        let is_name = consists(authority, |letter| is_unreserved(letter) || "$,;:@&=+".contains(letter));
        if is_server && let Some((host, port)) = server(authority) {
            self.host = Some(host);
            self.port = port;
            return Some(());
        }
        // A name of some registry: none that has a host.
        is_name.then_some(())
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// `[user@]host[:port]`
fn server(authority: &str) -> Option<(&str, Option<u32>)> {
    let rest = match authority.split_once('@') {
        Some((user, rest)) => {
            consists(user, |letter| is_unreserved(letter) || ";:&=+$,".contains(letter)).then_some(())?;
            rest
        }
        None => authority,
    };
    let (host, port) = if rest.starts_with('[') {
        let end = rest.find(']')? + 1;
        let (host, port) = rest.split_at(end);
        let address = &host[1..end - 1];
        address.split_once('%').map_or(address, |(address, _)| address).parse::<Ipv6Addr>().ok()?;
        (host, port)
    } else {
        let (host, port) = rest.split_at(rest.find(':').unwrap_or(rest.len()));
        (is_address(host) || is_host_name(host)).then_some(())?;
        (host, port)
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        Some("") => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse::<u32>().ok().filter(|port| *port <= i32::MAX as u32)?)
        }
        _ => return None,
    };
    Some((host, port))
}

fn is_address(host: &str) -> bool {
    // Zeros may lead.
    let parts: Vec<&str> = host.split('.').collect();
    host.parse::<Ipv4Addr>().is_ok()
        || parts.len() == 4
            && parts.iter().all(|part| {
                part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u32>().is_ok_and(|part| part <= 255)
            })
}

/// Labels of letters, digits and inner hyphens; the last one starts with a letter, if there are more. A dot may end it.
fn is_host_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let mut last = "";
    for label in name.split('.') {
        let is_label = label.starts_with(|first: char| first.is_ascii_alphanumeric())
            && label.ends_with(|last: char| last.is_ascii_alphanumeric())
            && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
        if !is_label {
            return false;
        }
        last = label;
    }
    // What ends with a label of digits would be an address.
    last.len() == name.len() || last.starts_with(|first: char| first.is_ascii_alphabetic())
}

fn is_unreserved(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-!.~'()*".contains(letter)
}

fn is_pchar(letter: char) -> bool {
    is_unreserved(letter) || ":@&=+$,".contains(letter)
}

fn is_uric(letter: char) -> bool {
    is_unreserved(letter) || ";/?:@&=+$,[]".contains(letter)
}

/// Whether a text has only such characters, escapes `%2F`, and others than ASCII that are seen.
fn consists(text: &str, is: impl Fn(char) -> bool) -> bool {
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if is(letter) {
            continue;
        }
        let allowed = match letter {
            '%' => {
                let mut digit = || letters.next().is_some_and(|letter| letter.is_ascii_hexdigit());
                digit() && digit()
            }
            letter => u32::from(letter) > 128 && !letter.is_whitespace() && !letter.is_control(),
        };
        if !allowed {
            return false;
        }
    }
    true
}

/// A part without its escapes.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first == b'%'
            && let [high, low, after @ ..] = after
            && let (Some(high), Some(low)) = (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
        {
            bytes.push((high << 4 | low) as u8);
            rest = after;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Uri, decoded};

    #[test]
    fn urls_have_parts() {
        let uri = Uri::parse("https://user:pw@ex.com:8080/p/a%20b?q=1&r=2#f").unwrap_or_default();
        assert_eq!((uri.scheme, uri.host, uri.port), (Some("https"), Some("ex.com"), Some(8080)));
        assert_eq!(
            (uri.path.map(decoded).as_deref(), uri.query, uri.fragment),
            (Some("/p/a b"), Some("q=1&r=2"), Some("f"))
        );
        assert_eq!(Uri::parse("foo").and_then(|uri| uri.path), Some("foo"));
        assert_eq!(Uri::parse("mailto:a@b.c").map(|uri| (uri.scheme, uri.path)), Some((Some("mailto"), None)));
        assert_eq!(Uri::parse("http://a_b.c/d").map(|uri| (uri.host, uri.path)), Some((None, Some("/d"))));
        assert_eq!(Uri::parse("http://[::1]:80/").and_then(|uri| uri.host), Some("[::1]"));
        assert!(Uri::parse("file:///tmp").is_some());
        for wrong in ["http://", "http:", "1a:b", "http://a b/", "a|b", "http://x/%zz", "x?a b"] {
            assert_eq!(Uri::parse(wrong), None, "{wrong}");
        }
    }
}
