//! A compiled pattern, and how it goes through a text.

use std::cell::OnceCell;

use super::syntax::{self, Translation};
use crate::error::{Code, Error, Result};

/// Bytes of a text.
pub(super) type Place = (usize, usize);

/// Bytes of a pattern; longer ones compile to too much, or take long to.
const MOST_BYTES: usize = 200_000;

#[derive(Debug)]
enum Engine {
    Plain(regex::Regex),
    /// With look-around, back-references or what must not be tried again.
    Backtracking(fancy_regex::Regex),
}

#[derive(Debug)]
pub(super) struct Regexp {
    pattern: String,
    engine: Engine,
    /// For texts that end with a newline, where that makes a difference.
    for_newline: OnceCell<Result<Engine>>,
    has_line_anchors: bool,
    ignores_case: bool,
    groups: usize,
    names: Vec<(String, usize)>,
}

fn compile(pattern: &str, translation: &Translation) -> Result<Engine> {
    let refused = || {
        let shown: String = pattern.chars().take(200).collect();
        Error::not_here(format!("The regular expression {shown}"))
    };
    if translation.needs_backtracking {
        let builder = fancy_regex::RegexBuilder::new(&translation.text).build();
        return builder.map(Engine::Backtracking).map_err(|_| refused());
    }
    regex::Regex::new(&translation.text).map(Engine::Plain).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => too_big(),
        _ => refused(),
    })
}

fn too_big() -> Error {
    Error::new(Code::InvalidRegex, "The regular expression compiles to too much; repeat less in it")
}

impl Regexp {
    pub(super) fn new(pattern: &str) -> Result<Self> {
        if pattern.len() > MOST_BYTES {
            return Err(too_big());
        }
        let translation = syntax::translate(pattern, false)?;
        Ok(Self {
            engine: compile(pattern, &translation)?,
            pattern: pattern.to_owned(),
            for_newline: OnceCell::new(),
            has_line_anchors: translation.has_line_anchors,
            ignores_case: translation.ignores_case,
            groups: translation.groups,
            names: translation.names,
        })
    }

    /// Without the group 0, which is the whole match.
    pub(super) fn groups(&self) -> usize {
        self.groups
    }

    pub(super) fn group_named(&self, name: &str) -> Option<usize> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, group)| *group)
    }

    fn engine(&self, text: &str) -> Result<&Engine> {
        if self.ignores_case && !text.is_ascii() && text.chars().any(syntax::folds_its_own_way) {
            return Err(self.failed());
        }
        if !self.has_line_anchors || !text.ends_with('\n') {
            return Ok(&self.engine);
        }
        let engine = self.for_newline.get_or_init(|| compile(&self.pattern, &syntax::translate(&self.pattern, true)?));
        engine.as_ref().map_err(Clone::clone)
    }

    fn failed(&self) -> Error {
        Error::not_here(format!("The regular expression {} on such a text", self.pattern))
    }

    pub(super) fn is_match(&self, text: &str) -> Result<bool> {
        match self.engine(text)? {
            Engine::Plain(engine) => Ok(engine.is_match(text)),
            Engine::Backtracking(engine) => engine.is_match(text).map_err(|_| self.failed()),
        }
    }

    /// The first match from a place on.
    pub(super) fn find_at(&self, text: &str, from: usize) -> Result<Option<Place>> {
        self.find(self.engine(text)?, text, from)
    }

    fn find(&self, engine: &Engine, text: &str, from: usize) -> Result<Option<Place>> {
        if from > text.len() {
            return Ok(None);
        }
        match engine {
            Engine::Plain(engine) => Ok(engine.find_at(text, from).map(|found| (found.start(), found.end()))),
            Engine::Backtracking(engine) => {
                let found = engine.find_from_pos(text, from).map_err(|_| self.failed())?;
                Ok(found.map(|found| (found.start(), found.end())))
            }
        }
    }

    /// The first match from a place on, with its groups; `None` for those that took no part.
    pub(super) fn groups_at(&self, text: &str, from: usize) -> Result<Option<Vec<Option<Place>>>> {
        self.find_groups(self.engine(text)?, text, from)
    }

    fn find_groups(&self, engine: &Engine, text: &str, from: usize) -> Result<Option<Vec<Option<Place>>>> {
        if from > text.len() {
            return Ok(None);
        }
        let found: Option<Vec<Option<Place>>> = match engine {
            Engine::Plain(engine) => engine
                .captures_at(text, from)
                .map(|captures| captures.iter().map(|group| group.map(|group| (group.start(), group.end()))).collect()),
            Engine::Backtracking(engine) => {
                let captures = engine.captures_from_pos(text, from).map_err(|_| self.failed())?;
                captures.map(|captures| {
                    captures.iter().map(|group| group.map(|group| (group.start(), group.end()))).collect()
                })
            }
        };
        // The engine has no groups that are repeated zero times.
        Ok(found.map(|mut groups| {
            groups.resize(groups.len().max(self.groups + 1), None);
            groups
        }))
    }

    /// Visits the matches one after the other, as long as it is told to go on. An empty match may follow right after another.
    pub(super) fn places(&self, text: &str, from: usize, mut visit: impl FnMut(Place) -> Result<bool>) -> Result<()> {
        let engine = self.engine(text)?;
        let mut next = from;
        while let Some(place) = self.find(engine, text, next)? {
            next = after(text, place);
            if !visit(place)? {
                break;
            }
        }
        Ok(())
    }

    /// Visits all matches with their groups.
    pub(super) fn matches(&self, text: &str, mut visit: impl FnMut(&[Option<Place>]) -> Result<()>) -> Result<()> {
        let engine = self.engine(text)?;
        let mut next = 0;
        while let Some(groups) = self.find_groups(engine, text, next)? {
            let Some(place) = groups.first().copied().flatten() else { break };
            next = after(text, place);
            visit(&groups)?;
        }
        Ok(())
    }
}

/// Where the next match may start.
fn after(text: &str, (from, to): Place) -> usize {
    if from == to { to + text[from..].chars().next().map_or(1, char::len_utf8) } else { to }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

    use super::Regexp;

    fn all(pattern: &str, text: &str) -> Option<Vec<String>> {
        let regexp = Regexp::new(pattern).ok()?;
        let mut found = Vec::new();
        let visited = regexp.places(text, 0, |(from, to)| {
            found.push(text[from..to].to_owned());
            Ok(true)
        });
        visited.ok().map(|()| found)
    }

    #[test]
    fn matches_follow_each_other() {
        let is = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(all("a*", "aaa"), is(&["aaa", ""]));
        assert_eq!(all(r"(\w*)", "new york"), is(&["new", "", "york", ""]));
        assert_eq!(all("", "ab"), is(&["", "", ""]));
        assert_eq!(all("c$", "abc\n"), is(&["c"]));
        assert_eq!(all("(?m)^.*$", "a\nb\n"), is(&["a", "b"]));
        assert_eq!(all(r"(a)\1", "aab"), is(&["aa"]));
        assert_eq!(all("[0-9]++", "a1b22"), is(&["1", "22"]));
        assert_eq!(all("[^]a]+", "b]c"), is(&["b", "c"]));
        assert_eq!(all(r"[\w.-]+@[\w.-]+", "x a.b-c@d.e y"), is(&["a.b-c@d.e"]));
        assert_eq!(all(r"\p{Greek}+", "aαβ"), is(&["αβ"]));
        assert_eq!(all("[[:alpha:]]+", "1ab"), is(&["ab"]));
        assert_eq!(all("(?<=a)b", "ab b"), is(&["b"]));
        assert_eq!(all("[&&]", "x"), None);
    }

    #[test]
    fn a_group_that_is_repeated_zero_times_took_no_part() {
        for pattern in ["a(b){0}", "(b){0}a(c){0}", "a(b(c)){0,0}"] {
            let groups = Regexp::new(pattern).unwrap().groups_at("a", 0).unwrap().unwrap();
            assert!(groups[1..].iter().all(Option::is_none) && groups.len() > 1, "{pattern}: {groups:?}");
        }
        assert!(Regexp::new("a(?=(b){0})").is_err());
    }
}
