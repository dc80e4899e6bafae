//! Texts that nobody writes: bytes at random, statements of the corpus with pieces cut, doubled and swapped, nesting
//! without end. Each is read or refused soon, and what is read is printed so that it reads back as the same.
//!
//! `HOSTILE=10000000 cargo test --workspace --test hostile -- --nocapture` tries that many, `SEED=2` others. With
//! `TRACE=FILE` the text that is tried is in `FILE.0`, `FILE.1` …, where it is still to be found after a crash.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
#![expect(clippy::print_stdout, reason = "the count is what a long run is for")]

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lakefront_trino::{Sql, parse, parse_as, print, words};

/// No text may take longer, whatever else the machine does.
const LIMIT: Duration = Duration::from_secs(20);

/// SplitMix64: the same texts for the same seed.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.throw() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn one<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// What nests, and what closes it.
const NESTS: &[(&str, &str)] = &[
    ("(", ")"),
    ("[", "]"),
    ("array[", "]"),
    ("abs(", ")"),
    ("case when a then ", " end"),
    ("(select ", ")"),
    ("select * from (", ")"),
    ("exists (select ", ")"),
    ("cast(", " as array(bigint))"),
    ("a -> ", ""),
    ("(a, b) -> ", ""),
    ("not ", ""),
    ("- ", ""),
    ("+", ""),
    ("a + ", ""),
    ("a and ", ""),
    ("a is null or ", ""),
    ("with a as (", ") select 1"),
    ("row(", ")"),
    ("a[", "]"),
    ("try(", ")"),
    ("interval '1' day + ", ""),
    ("cast(a as array(", "))"),
    ("cast(a as row(b ", "))"),
    ("a between ", " and b"),
    ("a join (b ", ") on true"),
    ("values (", ")"),
    ("explain ", ""),
    ("grouping sets (", ")"),
    ("/* ", " */"),
    ("json_value(", ", 'lax $')"),
    ("case ", ""),
    ("a like ", " escape b"),
    ("x union all ", ""),
];

struct Corpus {
    statements: Vec<String>,
    /// The words of all statements, the more usual ones more often.
    words: Vec<String>,
}

impl Corpus {
    fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/statements");
        let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
        let sql =
            |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["sql"].as_str().unwrap().to_owned();
        let statements: Vec<String> = texts.iter().flat_map(|text| text.lines()).map(sql).collect();
        let mut all = Vec::new();
        for statement in &statements {
            for word in words(statement).unwrap_or_default().iter().filter(|word| !word.is_space()) {
                all.push(statement[word.range.clone()].to_owned());
            }
        }
        Self { statements, words: all }
    }

    fn pieces(&self, dice: &mut Dice) -> Vec<String> {
        let statement = dice.one(&self.statements);
        let words = words(statement).unwrap_or_default();
        words.iter().map(|word| statement[word.range.clone()].to_owned()).collect()
    }

    fn text(&self, dice: &mut Dice) -> String {
        match dice.below(10) {
            0 => {
                let bytes: Vec<u8> = (0..dice.below(80)).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
                String::from_utf8_lossy(&bytes).into_owned()
            }
            1 => {
                let letters: Vec<char> =
                    "()[]{}'\"`.,;:=<>!|&^%*/+-~?@#$\\ \n\t0123456789eExXaAéß\u{0}\u{feff}\u{1f600}\u{301}"
                        .chars()
                        .collect();
                let text: String = (0..dice.below(60)).map(|_| *dice.one(&letters)).collect();
                if dice.below(2) == 0 { format!("SELECT {text}") } else { text }
            }
            2 => {
                let count = dice.below(30);
                let text: Vec<&str> = (0..count).map(|_| dice.one(&self.words).as_str()).collect();
                if dice.below(2) == 0 { format!("SELECT {}", text.join(" ")) } else { text.join(" ") }
            }
            3 => self.nested(dice),
            _ => self.mutated(dice),
        }
    }

    fn nested(&self, dice: &mut Dice) -> String {
        // Mostly what the limits let through: beyond them it is all the same.
        let deep = if dice.below(20) == 0 { 3_000 } else { 40 };
        let mut opened = String::from(if dice.below(4) == 0 { "" } else { "select " });
        let mut closed = Vec::new();
        let alike = dice.below(2) == 0;
        let (mut before, mut after) = *dice.one(NESTS);
        for _ in 0..dice.below(deep) {
            if !alike {
                (before, after) = *dice.one(NESTS);
            }
            opened.push_str(before);
            closed.push(after);
        }
        opened.push_str(dice.one::<String>(&self.words));
        let kept = if dice.below(4) == 0 { dice.below(closed.len() + 1) } else { closed.len() };
        closed.iter().rev().take(kept).for_each(|after| opened.push_str(after));
        opened
    }

    fn mutated(&self, dice: &mut Dice) -> String {
        let mut pieces = self.pieces(dice);
        for _ in 0..=dice.below(3) {
            if pieces.is_empty() {
                break;
            }
            let at = dice.below(pieces.len());
            let other = dice.below(pieces.len());
            match dice.below(9) {
                0 => {
                    pieces.remove(at);
                }
                1 => pieces.insert(at, pieces[other].clone()),
                2 => pieces.swap(at, other),
                3 => pieces[at].clone_from(dice.one(&self.words)),
                4 => pieces.insert(at, format!(" {} ", dice.one(&self.words))),
                5 => pieces.truncate(at),
                6 => {
                    let more = self.pieces(dice);
                    let from = dice.below(more.len());
                    let run: Vec<String> = more[from..more.len().min(from + 1 + dice.below(8))].to_vec();
                    pieces.splice(at..at, run);
                }
                7 => {
                    let (before, after) = *dice.one(NESTS);
                    let (from, to) = (at.min(other), at.max(other));
                    pieces.insert(to, after.to_owned());
                    pieces.insert(from, before.to_owned());
                }
                _ => {
                    let mut letters: Vec<char> = pieces[at].chars().collect();
                    let place = dice.below(letters.len() + 1);
                    match dice.below(3) {
                        0 => letters.insert(place, char::from_u32(u32::try_from(dice.below(0x300)).unwrap()).unwrap()),
                        1 if place < letters.len() => {
                            letters.remove(place);
                        }
                        _ if place < letters.len() => {
                            letters[place] = *dice.one(&['\'', '"', '(', ')', '.', '0', '\\'])
                        }
                        _ => {}
                    }
                    pieces[at] = letters.into_iter().collect();
                }
            }
        }
        pieces.concat()
    }
}

/// Whether it was read; what is wrong with it.
fn tried(text: &str) -> Result<bool, String> {
    // It is never printed; it has to end.
    let _ = parse_as(Sql::Postgres, text);
    let Ok(first) = parse(text) else { return Ok(false) };
    let printed = print(&first);
    match parse(&printed) {
        Ok(second) if second == first => Ok(true),
        Ok(second) => Err(format!("prints  {printed}\n  and then {}", print(&second))),
        // What is printed may be longer than what was written.
        Err(error) if error.kind == lakefront_trino::SyntaxErrorKind::TooComplex => Ok(true),
        Err(error) => Err(format!("prints  {printed}\n  {error}")),
    }
}

#[test]
fn no_text_stops_the_parser_or_is_printed_as_another() {
    let number = |name: &str, or: u64| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(or);
    let (count, seed) = (number("HOSTILE", 20_000), number("SEED", 1));
    let corpus = Corpus::read();
    let trace = std::env::var("TRACE").ok();
    let (next, read, slowest) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (failures, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let now: Vec<Mutex<(Instant, String)>> =
        (0..threads).map(|_| Mutex::new((Instant::now(), String::new()))).collect();
    let start = Instant::now();
    let work = |thread: usize, now: &Mutex<(Instant, String)>| {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count || failures.lock().unwrap().len() >= 50 {
                return;
            }
            let text = corpus.text(&mut Dice((seed << 40) + at));
            if let Some(file) = &trace {
                fs::write(format!("{file}.{thread}"), &text).unwrap();
            }
            let begun = Instant::now();
            *now.lock().unwrap() = (begun, text.clone());
            let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| tried(&text)));
            let taken = u64::try_from(begun.elapsed().as_millis()).unwrap();
            slowest.fetch_max(taken, Ordering::Relaxed);
            match outcome {
                Ok(Ok(is_read)) => {
                    read.fetch_add(u64::from(is_read), Ordering::Relaxed);
                }
                Ok(Err(why)) => failures.lock().unwrap().push(format!("{text}\n  {why}")),
                Err(_) => failures.lock().unwrap().push(format!("{text}\n  panics")),
            }
        }
    };
    std::thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = now
            .iter()
            .enumerate()
            .map(|(thread, now)| {
                let builder = std::thread::Builder::new().stack_size(8 << 20);
                builder.spawn_scoped(scope, move || work(thread, now)).unwrap()
            })
            .collect();
        scope.spawn(|| {
            let mut told = Instant::now();
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(100));
                for now in &now {
                    let (since, text) = now.lock().unwrap().clone();
                    if since.elapsed() > LIMIT && next.load(Ordering::Relaxed) < count {
                        println!("takes longer than {LIMIT:?}: {text}");
                        std::process::exit(1);
                    }
                }
                if told.elapsed() > Duration::from_secs(30) {
                    told = Instant::now();
                    println!("{} tried", next.load(Ordering::Relaxed));
                }
            }
        });
        for worker in workers {
            worker.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
    let failures = failures.into_inner().unwrap();
    println!(
        "{} texts, {} read, {:.0} a second, the slowest {} ms, {} failures",
        next.into_inner().min(count),
        read.into_inner(),
        f64::from(u32::try_from(count).unwrap()) / start.elapsed().as_secs_f64(),
        slowest.into_inner(),
        failures.len()
    );
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
