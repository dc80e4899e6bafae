//! The search for a match: all ways through the pattern at once, row by row, as Trino goes them, so that conditions are
//! evaluated for the same rows. Of ways that look the same to the conditions ahead, the preferred one goes on.

mod by_row;
mod memory;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, StringArray, new_null_array};

use super::program::Step;
use super::{Aggregated, Computed, Match, Place, Read, Recognition, is_among};
use crate::aggregates::fold::{Groups, Row};
use crate::error::{Error, Result};
use crate::value::array_of;
use by_row::{ByRow, holds, is_by_row};
use memory::{Link, Memory, NOTHING, items};

/// What all ways of one search remember together: some hundred megabytes.
const MOST_REMEMBERED: usize = 1 << 24;

#[derive(Debug)]
pub(super) struct Search<'a> {
    recognition: &'a Recognition,
    arguments: &'a [ArrayRef],
    rows: usize,
    definitions: Vec<Definition<'a>>,
    rows_of: Vec<RowsOf<'a>>,
    /// What conditions ahead of each step can see of a way; `None` where none sees anything.
    seen: Option<Vec<Rc<[Seen]>>>,
    memory: Memory,
    reached: Reached,
}

/// What makes a row one of a variable.
#[derive(Debug)]
enum Definition<'a> {
    Always,
    /// It depends on the row's place in the partition alone.
    ByRow(ByRow<'a>),
    ByMatch(&'a Computed, Vec<Option<Running<'a>>>),
}

/// The rows of some variables, which ways keep, perhaps with the variable of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct RowsOf<'a> {
    variables: &'a [usize],
    with_variables: bool,
}

/// What a condition may see of a way, as Trino takes it: not all that it sees later is compared, and where ways that
/// differ are taken for the same, the match may be another one, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Row(Place),
    Variable(Place),
    /// The number of what is kept.
    Rows(usize),
}

/// An aggregate of a condition, with the rows that it was last asked for.
#[derive(Debug)]
struct Running<'a> {
    aggregated: &'a Aggregated,
    of_partition: Option<Vec<ArrayRef>>,
    group: Box<dyn Groups>,
    added: u32,
}

/// A way through the pattern.
#[derive(Debug, Clone)]
struct Way {
    step: usize,
    /// Its rows, the last one first.
    path: u32,
    /// What is kept of them.
    links: Rc<[u32]>,
    /// The marks that it passed.
    marks: u32,
}

/// Steps that ways reached for one row, by how these look there.
#[derive(Debug, Default)]
struct Reached {
    ways: HashSet<(usize, Rc<[usize]>)>,
    /// Where all look the same: the last round in which a step was reached.
    rounds: Vec<u64>,
    round: u64,
}

impl<'a> Search<'a> {
    pub(super) fn new(recognition: &'a Recognition, arguments: &'a [ArrayRef], rows: usize) -> Self {
        let definitions = recognition.definitions.iter().enumerate().map(|(variable, definition)| match definition {
            None => Definition::Always,
            Some(computed) if computed.reads.iter().all(|read| is_by_row(read, variable)) => {
                Definition::ByRow(ByRow::new(computed))
            }
            Some(computed) => {
                let running = computed.reads.iter().map(|read| match read {
                    Read::Aggregate(aggregated) => Some(Running {
                        aggregated,
                        of_partition: aggregated.of_partition(arguments, rows),
                        group: aggregated.group(),
                        added: NOTHING,
                    }),
                    _ => None,
                });
                Definition::ByMatch(computed, running.collect())
            }
        });
        let mut search = Self {
            recognition,
            arguments,
            rows,
            definitions: definitions.collect(),
            rows_of: Vec::new(),
            seen: None,
            memory: Memory::default(),
            reached: Reached { rounds: vec![0; recognition.program.len()], ..Reached::default() },
        };
        if search.definitions.iter().any(|definition| matches!(definition, Definition::ByMatch(..))) {
            let seen: Vec<Vec<Seen>> = recognition
                .definitions
                .iter()
                .map(|definition| definition.iter().flat_map(|computed| &computed.reads))
                .map(|reads| reads.flat_map(|read| search.seen_by(read)).collect())
                .collect();
            search.seen = Some(ahead(recognition.ahead.get_or_init(|| reached(&recognition.program)), &seen));
        }
        search
    }

    /// The number of what is kept of ways.
    fn keep(&mut self, variables: &'a [usize], with_variables: bool) -> usize {
        let kept = RowsOf { variables, with_variables };
        self.rows_of.iter().position(|known| *known == kept).unwrap_or_else(|| {
            self.rows_of.push(kept);
            self.rows_of.len() - 1
        })
    }

    /// What Trino compares of two ways where a condition reads this.
    fn seen_by(&mut self, read: &'a Read) -> Vec<Seen> {
        match read {
            Read::MatchNumber => Vec::new(),
            Read::Column(_, place) => {
                self.keep(&place.variables, false);
                // What is found among all rows is the same for all ways.
                if place.variables.is_empty() {
                    return Vec::new();
                }
                let found = Place { physical: 0, ..place.clone() };
                before_it(&found).into_iter().chain([found]).map(Seen::Row).collect()
            }
            Read::Classifier(place) => {
                self.keep(&place.variables, true);
                self.keep(&[], true);
                let tail = (place.physical + 1..0).filter(|_| place.last);
                let tail = tail.map(|physical| Place { logical: 0, physical, ..place.clone() });
                before_it(place).into_iter().chain([place.clone()]).chain(tail).map(Seen::Variable).collect()
            }
            Read::Aggregate(aggregated) => {
                let classifies = aggregated.classifies();
                let with_variables = classifies && aggregated.variables.len() != 1;
                // Which variable a row is of is asked for when it is added.
                let rows = self.keep(&aggregated.variables, classifies);
                match with_variables || !aggregated.variables.is_empty() {
                    true if with_variables == classifies => vec![Seen::Rows(rows)],
                    true => vec![Seen::Rows(self.keep(&aggregated.variables, with_variables))],
                    false => Vec::new(),
                }
            }
        }
    }

    /// The preferred match that begins with a row.
    pub(super) fn run(&mut self, start: usize, number: i64) -> Result<Option<Match>> {
        self.memory.forget();
        for definition in &mut self.definitions {
            if let Definition::ByMatch(_, running) = definition {
                running.iter_mut().flatten().for_each(|running| running.added = NOTHING);
            }
        }
        let (mut ways, mut next) = (Vec::new(), Vec::new());
        let links = vec![NOTHING; self.rows_of.len()].into();
        self.reached.clear();
        self.advance(Way { step: 0, path: NOTHING, links, marks: NOTHING }, start, 0, &mut ways)?;
        let mut found = None;
        for index in 0..self.rows - start {
            if ways.is_empty() {
                break;
            }
            self.reached.clear();
            for way in ways.drain(..) {
                let Step::Row(variable) = self.recognition.program[way.step] else {
                    // Those behind it are less preferred.
                    found = Some(way);
                    break;
                };
                if let Some(way) = self.taken(way, variable, start, index, number)? {
                    self.advance(way, start, index + 1, &mut next)?;
                }
            }
            std::mem::swap(&mut ways, &mut next);
        }
        let done = ways.into_iter().find(|way| self.recognition.program[way.step] == Step::Done);
        Ok(done.or(found).map(|way| self.matched(&way, start, number)))
    }

    fn matched(&self, way: &Way, start: usize, number: i64) -> Match {
        let variables = items(&self.memory.paths, way.path);
        let marks = items(&self.memory.marks, way.marks);
        let excluded = marks.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        Match { start, number, variables, excluded }
    }

    /// The way behind its step, with one more row, if that can be of the variable.
    fn taken(&mut self, way: Way, variable: usize, start: usize, index: usize, number: i64) -> Result<Option<Way>> {
        let mut links = Rc::clone(&way.links);
        if !self.rows_of.is_empty() {
            let more = self.rows_of.iter().zip(way.links.iter()).map(|(of, link)| {
                match is_among(of.variables, variable as u32) {
                    true => self.memory.link(*link, index, if of.with_variables { variable as u32 } else { 0 }),
                    false => *link,
                }
            });
            links = more.collect();
        }
        if !self.is_of(variable, &links, start, index, number)? {
            return Ok(None);
        }
        self.memory.paths.push((way.path, variable as u32));
        let path = (self.memory.paths.len() - 1) as u32;
        Ok(Some(Way { step: way.step + 1, path, links, marks: way.marks }))
    }

    fn is_of(&mut self, variable: usize, links: &[u32], start: usize, index: usize, number: i64) -> Result<bool> {
        match &mut self.definitions[variable] {
            Definition::Always => Ok(true),
            Definition::ByRow(by_row) => by_row.holds(self.arguments, self.rows, start + index),
            Definition::ByMatch(computed, running) => {
                let here = Here {
                    recognition: self.recognition,
                    arguments: self.arguments,
                    rows: self.rows,
                    kept: Kept { rows_of: &self.rows_of, links, memory: &self.memory },
                    start,
                    number,
                };
                let reads = computed.reads.iter().zip(running);
                let parameters = reads
                    .map(|(read, running)| here.read(read, running.as_mut()))
                    .collect::<Result<Vec<ArrayRef>>>()?;
                let value = computed.closure.evaluate(parameters, 1)?;
                Ok(holds(value.as_boolean(), 0))
            }
        }
    }

    /// Goes from the step of a way to those that take a row, and to the end.
    fn advance(&mut self, way: Way, start: usize, index: usize, next: &mut Vec<Way>) -> Result<()> {
        // What is preferred is on top.
        let mut open = vec![way];
        while let Some(mut way) = open.pop() {
            if !self.is_new(&way, index) {
                continue;
            }
            let ways = next.len() + open.len() + self.reached.ways.len();
            if self.memory.remembered() + 16 * ways > MOST_REMEMBERED {
                return Err(Error::not_here("A row pattern with this many ways through the rows of one match"));
            }
            match self.recognition.program[way.step] {
                Step::Row(_) | Step::Done => next.push(way),
                Step::Jump(to) => open.push(Way { step: to, ..way }),
                Step::Split(first, second) => {
                    open.push(Way { step: second, ..way.clone() });
                    open.push(Way { step: first, ..way });
                }
                Step::PartitionStart if start + index > 0 => {}
                Step::PartitionEnd if start + index < self.rows => {}
                Step::PartitionStart | Step::PartitionEnd => open.push(Way { step: way.step + 1, ..way }),
                Step::Mark => {
                    self.memory.marks.push((way.marks, index));
                    way.marks = (self.memory.marks.len() - 1) as u32;
                    open.push(Way { step: way.step + 1, ..way });
                }
            }
        }
        Ok(())
    }

    /// Whether a way is the first one at its step for this row, or the first that looks so.
    fn is_new(&mut self, Way { step, links, .. }: &Way, index: usize) -> bool {
        let Some(seen) = &self.seen else {
            return std::mem::replace(&mut self.reached.rounds[*step], self.reached.round) != self.reached.round;
        };
        let kept = Kept { rows_of: &self.rows_of, links, memory: &self.memory };
        // Without a row all ways look the same.
        let look = if index == 0 { Rc::default() } else { kept.look(&seen[*step]) };
        self.reached.ways.insert((*step, look))
    }
}

/// The same place as it will be once there are more rows of the variables.
fn before_it(place: &Place) -> Vec<Place> {
    let fewer = if place.last { 0..place.logical } else { 0..0 };
    fewer.map(|logical| Place { logical, ..place.clone() }).collect()
}

/// What is seen by the variables that can come at or behind each step.
fn ahead(reached: &[Vec<usize>], seen: &[Vec<Seen>]) -> Vec<Rc<[Seen]>> {
    let mut known: HashMap<&[usize], Rc<[Seen]>> = HashMap::new();
    let all = reached.iter().map(Vec::as_slice).map(|variables| {
        Rc::clone(known.entry(variables).or_insert_with_key(|variables| {
            let mut all: Vec<Seen> = Vec::new();
            for one in variables.iter().flat_map(|variable| &seen[*variable]) {
                if !all.contains(one) {
                    all.push(one.clone());
                }
            }
            all.into()
        }))
    });
    all.collect()
}

/// The variables that can come at or behind each step.
fn reached(program: &[Step]) -> Vec<Vec<usize>> {
    let mut reached: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); program.len()];
    // Backwards, and again for what jumps back.
    loop {
        let mut grew = false;
        for step in (0..program.len()).rev() {
            let mut here = std::mem::take(&mut reached[step]);
            let before = here.len();
            match program[step] {
                Step::Row(variable) => {
                    here.insert(variable);
                    here.extend(&reached[step + 1]);
                }
                Step::Jump(to) => here.extend(&reached[to]),
                Step::Split(first, second) => {
                    here.extend(&reached[first]);
                    here.extend(&reached[second]);
                }
                Step::PartitionStart | Step::PartitionEnd | Step::Mark => here.extend(&reached[step + 1]),
                Step::Done => {}
            }
            grew |= here.len() > before;
            reached[step] = here;
        }
        if !grew {
            break;
        }
    }
    reached.into_iter().map(|variables| variables.into_iter().collect()).collect()
}

impl Reached {
    fn clear(&mut self) {
        self.round += 1;
        if self.ways.capacity() > 1 << 12 {
            self.ways = HashSet::new();
        }
        self.ways.clear();
    }
}

/// What is kept of a way's rows.
#[derive(Debug, Clone, Copy)]
struct Kept<'a> {
    rows_of: &'a [RowsOf<'a>],
    links: &'a [u32],
    memory: &'a Memory,
}

impl Kept<'_> {
    fn last_of(&self, variables: &[usize], with_variables: bool) -> u32 {
        let kept = self.rows_of.iter().position(|kept| *kept == RowsOf { variables, with_variables });
        kept.map_or(NOTHING, |kept| self.links[kept])
    }

    /// The row of a place before one goes on from there.
    fn found(&self, place: &Place, with_variables: bool) -> Option<Link> {
        let last = self.last_of(&place.variables, with_variables);
        let count = self.memory.links[last as usize].count;
        let steps = if place.last { place.logical } else { count.checked_sub(place.logical + 1)? };
        (steps < count).then(|| self.memory.before(last, steps))
    }

    /// The variable of a place's row, if that is one of the match.
    fn variable(&self, place: &Place) -> Option<u32> {
        let link = self.found(place, true)?;
        if place.physical == 0 {
            return Some(link.variable);
        }
        let row = usize::try_from(link.row as i64 + place.physical).ok()?;
        let last = self.last_of(&[], true);
        let steps = self.memory.links[last as usize].row.checked_sub(row)?;
        Some(self.memory.before(last, steps).variable)
    }

    fn look(&self, seen: &[Seen]) -> Rc<[usize]> {
        let of = |seen: &Seen| match seen {
            Seen::Row(place) => self.found(place, false).map_or(usize::MAX, |link| link.row),
            Seen::Variable(place) => self.variable(place).map_or(usize::MAX, |variable| variable as usize),
            Seen::Rows(kept) => self.links[*kept] as usize,
        };
        seen.iter().map(of).collect()
    }
}

/// A way that ends with the row whose condition is evaluated.
struct Here<'a> {
    recognition: &'a Recognition,
    arguments: &'a [ArrayRef],
    rows: usize,
    kept: Kept<'a>,
    start: usize,
    number: i64,
}

impl Here<'_> {
    fn read(&self, read: &Read, running: Option<&mut Running<'_>>) -> Result<ArrayRef> {
        match read {
            Read::Column(at, place) => {
                let column = &self.arguments[*at];
                let row = self.kept.found(place, false).and_then(|link| {
                    let row = usize::try_from((self.start + link.row) as i64 + place.physical).ok()?;
                    (row < self.rows).then_some(row)
                });
                Ok(row.map_or_else(|| new_null_array(column.data_type(), 1), |row| column.slice(row, 1)))
            }
            Read::Classifier(place) => {
                let name = self.kept.variable(place).map(|variable| self.name(variable));
                Ok(Arc::new(StringArray::from_iter([name])))
            }
            Read::MatchNumber => Ok(Arc::new(Int64Array::from_value(self.number, 1))),
            Read::Aggregate(_) => match running {
                Some(running) => self.aggregate(running),
                None => Err(Error::not_here("This aggregate of a row pattern")),
            },
        }
    }

    fn name(&self, variable: u32) -> &str {
        self.recognition.variables[variable as usize].as_str()
    }

    fn aggregate(&self, running: &mut Running<'_>) -> Result<ArrayRef> {
        let aggregated = running.aggregated;
        let links = &self.kept.memory.links;
        let last = self.kept.last_of(&aggregated.variables, aggregated.classifies());
        // Rows that are added already are a beginning of those here, or the group begins anew.
        let known = links[running.added as usize].count;
        let mut rows = Vec::new();
        let mut at = last;
        while links[at as usize].count > known {
            rows.push(links[at as usize]);
            at = links[at as usize].before;
        }
        if at != running.added || at == NOTHING {
            while at != NOTHING {
                rows.push(links[at as usize]);
                at = links[at as usize].before;
            }
            running.group.clear();
            running.group.grow(1);
        }
        // Where adding fails, what was added is not known.
        running.added = NOTHING;
        for link in rows.iter().rev() {
            let row = self.start + link.row;
            match &running.of_partition {
                Some(arguments) => running.group.add(0, Row::Of(&aggregated.inputs(arguments), row))?,
                None => {
                    let arguments =
                        aggregated.of_rows(self.arguments, &[(row, self.name(link.variable))], self.number)?;
                    running.group.add(0, Row::Of(&aggregated.inputs(&arguments), 0))?;
                }
            }
        }
        running.added = last;
        array_of(&aggregated.returns, &[running.group.result(0)?])
    }
}
