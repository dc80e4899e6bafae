//! Parse, classify, bind names to tables; errors with line and column in the author's own text.

mod advice;
mod conditions;
mod dialect;
mod execute;
mod explain;
mod kept;
mod names;
mod parameters;
mod partitions;
mod prepared;
mod rules;
mod sent;
pub(crate) mod show;
mod text;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use lakefront_engine::{EngineError, EngineErrorKind, Explain, Literal};
use lakefront_trino::{Sql, SyntaxError, SyntaxErrorKind, Word, words_of};
use sqlparser::ast::{Ident, Query};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token};

use crate::catalog::{Bound, Link, gone};
use crate::{Catalogs, Position, QueryError, Request, quote};
use execute::Asked;
pub(crate) use explain::Answer;
pub(crate) use kept::Kept;
pub(crate) use names::Defaults;
pub use names::nearest;
use partitions::TableRead;
use prepared::Act;
pub(crate) use prepared::{Named, no_prepared_statement};
use rules::{Findings, Kind, Show, TableName};
use text::{Edit, Text};

/// A statement that may be said, with every name bound.
#[derive(Debug)]
pub(crate) enum Statement {
    /// Rows from tables.
    Query(Arc<BoundQuery>),
    /// What a query would read.
    Explain(Arc<BoundQuery>, Answer),
    /// Answered by the catalogs.
    Show(Box<Asking>),
    /// A statement that its author wants to keep.
    Prepare {
        name: String,
        statement: String,
    },
    Deallocate {
        name: String,
        position: Position,
    },
}

/// What the catalogs are asked.
#[derive(Debug)]
pub(crate) struct Asking {
    show: Show,
    defaults: Defaults,
    text: Text,
}

impl Asking {
    pub(crate) async fn answer(&self, catalogs: &Catalogs) -> Result<RecordBatch, QueryError> {
        let answer = show::answer(&self.show, &self.defaults, catalogs).await;
        answer.map_err(|error| in_authors_text(error, &self.text))
    }
}

/// A query whose tables are known and written with their full names.
#[derive(Debug)]
pub(crate) struct BoundQuery {
    sql: Sql,
    text: Text,
    pub(crate) literals: Vec<Literal>,
    /// Each once, by name.
    pub(crate) tables: Vec<Bound>,
    /// How often each table is read, at most.
    pub(crate) reads: Vec<u64>,
    /// The system that keeps all of the tables, and what it is sent.
    linked: Option<Linked>,
    /// Why the embedded engine does not run it; then there is a system that keeps its tables.
    pub(crate) not_embedded: Option<QueryError>,
    /// Every place where a table is read.
    places: Vec<TableRead>,
    pub(crate) defaults: Defaults,
    /// Its value is another one at the next run.
    pub(crate) volatile: bool,
    /// What is asked of its plan, rather than its rows.
    pub(crate) explain: Explain,
    canonical: String,
}

/// The same query in the words of the system that keeps its tables: with their names there, and literals written out.
#[derive(Debug)]
struct Linked {
    link: Arc<dyn Link>,
    text: Text,
}

impl Statement {
    pub(crate) async fn read(request: &Request, catalogs: &Catalogs, kept: &Kept) -> Result<Self, QueryError> {
        let version = *catalogs.versions().borrow();
        if let Some(query) = kept.get(request, version) {
            return Ok(Statement::Query(query));
        }
        let named = Named::of(request)?;
        let stored = match &named {
            None => None,
            Some(Named { name, act: Act::Prepare(text), .. }) => {
                return Self::prepare(name.clone(), text, request, catalogs).await;
            }
            Some(Named { name, position, act: Act::Deallocate, .. }) => {
                return Ok(Statement::Deallocate { name: name.clone(), position: *position });
            }
            Some(Named { name, place, position, act: Act::Execute }) => {
                Some((place, request.executes.as_deref().ok_or_else(|| no_prepared_statement(name, *position))?))
            }
        };
        let asked = Asked::of(&request.sql, stored)?;
        let defaults = Defaults::new(catalogs, request).await;
        let sql = dialect::likely(asked.text.as_str(), &defaults, catalogs);
        let statement = match Self::read_as(sql, &asked, request, &defaults, catalogs).await? {
            Reading::Read(statement) => statement,
            // Its tables are kept by somebody who reads another SQL than its names let expect.
            Reading::Misread(sql) => match Self::read_as(sql, &asked, request, &defaults, catalogs).await? {
                Reading::Read(statement) => statement,
                Reading::Misread(_) => {
                    return Err(QueryError::user("NOT_SUPPORTED", "It is not clear whose SQL this is.")
                        .with_hint("Write the names of tables out: catalog.database.table."));
                }
            },
        };
        if let Statement::Query(query) = &statement {
            kept.keep(request, version, query);
        }
        Ok(statement)
    }

    /// A statement that can be read, whatever the values of its `?`; whether its tables are there is asked when it runs.
    async fn prepare(name: String, text: &Text, request: &Request, catalogs: &Catalogs) -> Result<Self, QueryError> {
        let defaults = Defaults::new(catalogs, request).await;
        let sql = dialect::likely(text.as_str(), &defaults, catalogs);
        let nulls = vec![Literal::Null; parameters::marks(sql, text)];
        let expanded = parameters::expand(sql, text, &request.parameters, Some(&nulls))?;
        let (checked, _) = explain::options(sql, expanded.text)?;
        on_a_deep_stack(|| Checked::of(sql, &checked))?;
        Ok(Statement::Prepare { name, statement: text.as_str().trim().to_owned() })
    }

    async fn read_as(
        sql: Sql,
        asked: &Asked,
        request: &Request,
        defaults: &Defaults,
        catalogs: &Catalogs,
    ) -> Result<Reading<Self>, QueryError> {
        let values = asked.literals(sql, &request.parameters)?;
        let expanded = parameters::expand(sql, &asked.text, &request.parameters, values.as_deref())?;
        let (text, answer) = explain::options(sql, expanded.text)?;
        let (checked, start, explain) = match on_a_deep_stack(|| Checked::of(sql, &text))? {
            Checked::Query(findings) => (findings, 0, Explain::Nothing),
            Checked::Explain { findings, start, analyze: false } => (findings, start, Explain::Operators),
            Checked::Explain { findings, start, analyze: true } => (findings, start, Explain::Run),
            Checked::Show(show) => {
                let asking = Asking { show, defaults: defaults.clone(), text };
                return Ok(Reading::Read(Statement::Show(Box::new(asking))));
            }
        };
        let said = Said { sql, text: &text, literals: expanded.literals, start, explain };
        let bound = BoundQuery::bind(said, checked, defaults, catalogs).await;
        Ok(match bound.map_err(|error| in_authors_text(error, &text))? {
            Reading::Read(query) if explain == Explain::Operators => {
                Reading::Read(Statement::Explain(Arc::new(query), answer))
            }
            Reading::Read(query) => Reading::Read(Statement::Query(Arc::new(query))),
            Reading::Misread(sql) => Reading::Misread(sql),
        })
    }
}

/// What came of reading a text in one SQL.
enum Reading<T> {
    Read(T),
    /// The tables it names are kept by who reads this one.
    Misread(Sql),
}

/// What is known of a text once its tree is gone.
enum Checked {
    Query(Findings),
    Explain {
        findings: Findings,
        /// The byte at which the explained query begins.
        start: usize,
        /// It runs, and the plan tells what happened.
        analyze: bool,
    },
    Show(Show),
}

impl Checked {
    fn of(sql: Sql, text: &Text) -> Result<Self, QueryError> {
        let tree = lakefront_trino::parse_as(sql, text.as_str()).map_err(|error| {
            let position = text.author_position(error.line, error.column);
            let mut error = syntax_error(error, position);
            if sql == Sql::Trino && error.hint.is_none() && error.code == "SYNTAX_ERROR" {
                let words = words_of(sql, text.as_str()).unwrap_or_default();
                error.hint = advice::order(&words).map(str::to_owned);
            }
            error
        })?;
        let check = |query: &Query| {
            let findings = rules::check(query, sql)?;
            nothing_escaped(query, &findings)?;
            Ok(findings)
        };
        let checked = match rules::kind(&tree) {
            Ok(Kind::Query(query)) => check(query).map(Checked::Query),
            Ok(Kind::Explain { query, analyze }) => check(query).and_then(|findings| {
                let start = start_of_query(sql, text)?;
                Ok(Checked::Explain { findings, start, analyze })
            }),
            Ok(Kind::Show(show)) => Ok(Checked::Show(show)),
            Err(error) => Err(error),
        };
        checked.map_err(|error| in_authors_text(error, text))
    }
}

/// The tree of an allowed statement is up to some hundreds of levels deep, and is walked and
/// dropped level by level.
fn on_a_deep_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::grow(32 << 20, work)
}

/// A query as it was said.
struct Said<'a> {
    sql: Sql,
    text: &'a Text,
    literals: Vec<Literal>,
    /// The byte of the text at which it begins.
    start: usize,
    explain: Explain,
}

impl BoundQuery {
    async fn bind(
        said: Said<'_>,
        findings: Findings,
        defaults: &Defaults,
        catalogs: &Catalogs,
    ) -> Result<Reading<Self>, QueryError> {
        let Said { sql, text, literals, start, explain } = said;
        let words = words_of(sql, text.as_str()).map_err(QueryError::internal)?;
        let bound = names::bind(sql, catalogs, defaults, &findings.tables, &literals).await?;
        // What reads no table can still be only what its author's database understands.
        let default = dialect::default_link(defaults, catalogs).filter(|link| link.sql() == Sql::Postgres);
        let link = keeper(&bound).or(default.as_ref().filter(|_| sql == Sql::Postgres && bound.is_empty()));
        let theirs = match (link, bound.iter().find_map(Bound::link)) {
            (Some(link), _) => link.sql(),
            // No engine reaches all of the tables, which is told in whatever SQL it was read.
            (None, Some(_)) => sql,
            (None, None) => Sql::Trino,
        };
        if theirs != sql {
            return Ok(Reading::Misread(theirs));
        }
        let not_embedded = match unread(&findings.tables, &bound, link.is_some()) {
            Some(error) => Some(error),
            None if sql == Sql::Postgres => {
                Some(QueryError::user("NOT_SUPPORTED", "The embedded engine does not read PostgreSQL's SQL."))
            }
            None => findings.unknown_function,
        };
        if let (None, Some(error)) = (link, &not_embedded) {
            return Err(error.clone());
        }
        let key = |table: &Bound| [table.catalog(), table.database(), table.name()].map(str::to_owned);
        let named = |catalog_of: &dyn Fn(&Bound) -> Option<String>| {
            let mut edits = vec![Edit { range: 0..start, replacement: String::new() }];
            for (name, table) in findings.tables.iter().zip(&bound) {
                let catalog = catalog_of(table);
                let parts = catalog.as_deref().into_iter().chain([table.database(), table.name()]);
                let mut replacement = parts.map(quote::name).collect::<Vec<_>>().join(".");
                // Columns get their names from the table's: keep it short where that is clear.
                let is_clear = || bound.iter().all(|other| other.name() != table.name() || key(other) == key(table));
                if !name.has_alias && findings.long_names.is_empty() && is_clear() {
                    replacement.push_str(&format!(" AS {}", quote::name(table.name())));
                }
                edits.push(edit(&words, &name.parts, replacement)?);
            }
            for (name, defined) in &findings.renamed {
                edits.push(edit(&words, std::slice::from_ref(name), quote::name(defined))?);
            }
            Ok::<_, QueryError>(edits)
        };
        let edited = |mut edits: Vec<Edit>| {
            edits.sort_by_key(|edit| edit.range.start);
            text.edit(&edits)
        };
        let linked = match link {
            Some(link) => {
                let mut edits = named(&|_| link.own_name().map(str::to_owned))?;
                for name in &findings.long_names {
                    let Some(table) = table_before(name, &bound) else { continue };
                    edits.push(match link.own_name() {
                        Some(own) => edit(&words, &name[..1], quote::name(own))?,
                        None => edit(&words, &name[..2], quote::name(table.database()))?,
                    });
                }
                Some(Linked { link: Arc::clone(link), text: sent::write(sql, &edited(edits), &literals)? })
            }
            None => None,
        };
        let author = text;
        let authored = |at: Position| author.author_position(at.line, at.column);
        let text = edited(named(&|table| Some(table.catalog().to_owned()))?);
        let mut tables: BTreeMap<_, (Bound, u64)> = BTreeMap::new();
        for table in &bound {
            tables.entry(key(table)).or_insert_with(|| (table.clone(), 0)).1 += findings.reads;
        }
        let (tables, reads) = tables.into_values().unzip();
        let places =
            findings.tables.iter().zip(&bound).map(|(name, table)| TableRead::new(name, table, authored)).collect();
        Ok(Reading::Read(Self {
            canonical: canonical(sql, &text)?,
            sql,
            text,
            literals,
            tables,
            reads,
            linked,
            not_embedded,
            places,
            defaults: defaults.clone(),
            // What a run did is never told of another.
            volatile: findings.volatile || explain == Explain::Run,
            explain,
        }))
    }

    /// The text for the embedded engine.
    pub(crate) fn sql(&self) -> &str {
        self.text.as_str()
    }

    /// The system that keeps all of the tables, and the text for it.
    pub(crate) fn linked(&self) -> Option<(&Arc<dyn Link>, &str)> {
        self.linked.as_ref().map(|linked| (&linked.link, linked.text.as_str()))
    }

    /// The text without what has no meaning: spaces and comments.
    pub(crate) fn canonical(&self) -> &str {
        &self.canonical
    }

    /// What an engine said, in terms of the author's text.
    pub(crate) fn engine_error(&self, error: EngineError) -> QueryError {
        let position = error.position.map(|(line, column)| self.text.author_position(line, column));
        let mut told = QueryError::from_engine(&error);
        if error.kind == EngineErrorKind::ColumnNotFound {
            let name = between(&error.message, '\'').unwrap_or_default();
            let column = name.rsplit('.').next().unwrap_or(name);
            told.position = position.or_else(|| self.find_name(column));
            told.hint = self.nearest_column(column).or_else(|| {
                let words = words_of(self.sql, self.text.author()).ok()?;
                advice::column(column, &words)
            });
            return told;
        }
        if told.hint.is_none() {
            told.hint = match told.code {
                "TYPE_MISMATCH" => advice::operands(&told.message, self.text.author().contains("{{"))
                    .or_else(|| advice::construct(&told.message).map(str::to_owned)),
                "NOT_SUPPORTED_HERE" => advice::construct(&told.message).map(str::to_owned),
                "INVALID_CAST_ARGUMENT" => advice::cast(&told.message),
                "FUNCTION_NOT_FOUND" => advice::arguments(&told.message),
                _ => None,
            };
        }
        told.at(position)
    }

    /// What another system said of the text it was sent.
    pub(crate) fn link_error(&self, error: QueryError) -> QueryError {
        match &self.linked {
            Some(linked) => {
                let catalog = self.tables.first().map(Bound::catalog).unwrap_or_default();
                gone::told(catalog, linked.link.kind(), in_authors_text(error, &linked.text))
            }
            None => error,
        }
    }

    fn nearest_column(&self, column: &str) -> Option<String> {
        let columns = || self.tables.iter().flat_map(Bound::columns);
        // Of a name with spaces the first word is read as the name.
        let begins = |known: &&str| known.split_once(' ').is_some_and(|(first, _)| first.eq_ignore_ascii_case(column));
        let near = names::nearest(column, columns()).or_else(|| columns().find(begins))?;
        let written = advice::written(near);
        (!near.eq_ignore_ascii_case(column)).then(|| format!("Did you mean `{written}`?"))
    }

    /// Where the author first wrote a name.
    fn find_name(&self, name: &str) -> Option<Position> {
        let position_in = |text: &str| {
            let words = words_of(self.sql, text).ok()?;
            let word = words.iter().find(|word| match &word.token {
                Token::Word(word) => word.value.eq_ignore_ascii_case(name),
                _ => false,
            })?;
            Some(word.position())
        };
        match position_in(self.text.author()) {
            Some((line, column)) => Some(Position { line, column }),
            // To its author the statement is a text within another.
            None => position_in(self.text.as_str()).map(|(line, column)| self.text.author_position(line, column)),
        }
    }
}

/// Compares with the parser's own visitor, in case the walk missed a place where a table can stand.
fn nothing_escaped(query: &Query, findings: &Findings) -> Result<(), QueryError> {
    if lakefront_trino::count_relations(query, |_| true) == findings.relations {
        Ok(())
    } else {
        Err(QueryError::user("NOT_SUPPORTED", "A table stands where none is supported."))
    }
}

fn edit(words: &[Word], parts: &[Ident], replacement: String) -> Result<Edit, QueryError> {
    let word = |location: Location| {
        words
            .binary_search_by_key(&location, |word| word.span.start)
            .map(|index| &words[index])
            .map_err(|_| QueryError::internal("a name of the tree has no word in the text"))
    };
    match (parts.first(), parts.last()) {
        (Some(first), Some(last)) => {
            Ok(Edit { range: word(first.span.start)?.range.start..word(last.span.start)?.range.end, replacement })
        }
        _ => Err(QueryError::internal("a table without a name")),
    }
}

/// The system that keeps all tables of a statement.
fn keeper(bound: &[Bound]) -> Option<&Arc<dyn Link>> {
    let keeper = bound.first()?.link()?;
    let keeps = |table: &Bound| table.link().is_some_and(|link| Arc::ptr_eq(link, keeper));
    bound.iter().all(keeps).then_some(keeper)
}

/// Why the embedded engine does not read all of the tables, if so. Where one system keeps them all, that is no error yet.
fn unread(names: &[TableName], bound: &[Bound], one_keeps_all: bool) -> Option<QueryError> {
    let (at, table) = bound.iter().enumerate().find(|(_, table)| table.files().is_err())?;
    let place = |at: usize| names.get(at).and_then(|name| names::position(&name.parts));
    let own = |table: &Bound| format!("\"{}.{}\"", table.catalog(), table.name());
    let same = |one: Option<&Arc<dyn Link>>, other: Option<&Arc<dyn Link>>| match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        _ => false,
    };
    let other = bound.iter().position(|other| !same(table.link(), other.link()));
    let reason = table.files().err().flatten();
    Some(match (one_keeps_all, other) {
        (false, Some(other)) => {
            let first = at.min(other);
            let second = at.max(other);
            let message = format!("No engine reaches both {} and {}.", own(&bound[first]), own(&bound[second]));
            let hint = match reason {
                Some(reason) => format!("{}: {reason}. Read tables of one catalog in a statement.", own(table)),
                None => "Read tables of one catalog in a statement.".to_owned(),
            };
            QueryError::user("NOT_SUPPORTED", message).with_hint(hint).at(place(second))
        }
        _ => {
            let reason = reason.unwrap_or("the embedded engine does not read it");
            QueryError::user("NOT_SUPPORTED", format!("Table {}: {reason}.", own(table))).at(place(at))
        }
    })
}

/// The table whose catalog, database and name are written before that of a column.
fn table_before<'a>(name: &[Ident], tables: &'a [Bound]) -> Option<&'a Bound> {
    let [catalog, database, table, ..] = name else { return None };
    tables.iter().find(|bound| {
        let parts = [bound.catalog(), bound.database(), bound.name()];
        parts.iter().zip([catalog, database, table]).all(|(part, ident)| part.eq_ignore_ascii_case(&ident.value))
    })
}

/// Where the query of an EXPLAIN begins.
fn start_of_query(sql: Sql, text: &Text) -> Result<usize, QueryError> {
    let words = words_of(sql, text.as_str()).map_err(QueryError::internal)?;
    let begins_query = |word: &&Word| match &word.token {
        Token::Word(word) => matches!(word.keyword, Keyword::SELECT | Keyword::WITH | Keyword::VALUES),
        token => *token == Token::LParen,
    };
    Ok(words.iter().find(begins_query).map_or(0, |word| word.range.start))
}

fn canonical(sql: Sql, text: &Text) -> Result<String, QueryError> {
    let mut canonical = String::with_capacity(text.as_str().len());
    for word in words_of(sql, text.as_str()).map_err(QueryError::internal)? {
        if word.is_space() || word.token == Token::SemiColon {
            continue;
        }
        if !canonical.is_empty() {
            canonical.push(' ');
        }
        canonical.push_str(&text.as_str()[word.range]);
    }
    Ok(canonical)
}

fn in_authors_text(mut error: QueryError, text: &Text) -> QueryError {
    error.position = error.position.map(|position| text.author_position(position.line, position.column));
    error
}

fn syntax_error(error: SyntaxError, position: Position) -> QueryError {
    let code = match error.kind {
        SyntaxErrorKind::Syntax => "SYNTAX_ERROR",
        SyntaxErrorKind::TooComplex => "QUERY_TOO_COMPLEX",
        SyntaxErrorKind::NotAllowed => "STATEMENT_NOT_ALLOWED",
        SyntaxErrorKind::NotSupported => "NOT_SUPPORTED_HERE",
    };
    let hint = advice::construct(&error.message).map(str::to_owned);
    QueryError { hint, ..QueryError::user(code, error.message).at(Some(position)) }
}

fn between(text: &str, mark: char) -> Option<&str> {
    let (_, rest) = text.split_once(mark)?;
    Some(rest.split_once(mark)?.0)
}
