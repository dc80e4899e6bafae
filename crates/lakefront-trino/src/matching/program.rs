//! A row pattern as the steps of a machine.

use sqlparser::ast::Ident;

use crate::error::{Error, Result};
use crate::row_pattern::pattern::Pattern;

/// Steps of one pattern, its repetitions written out.
const MOST_STEPS: usize = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// Takes a row, if it can be of the variable.
    Row(usize),
    Jump(usize),
    /// Goes on at both, rather at the first.
    Split(usize, usize),
    PartitionStart,
    PartitionEnd,
    /// What is between two of them is excluded.
    Mark,
    Done,
}

/// The steps, each variable by the number that it is given.
pub(crate) fn compiled(pattern: &Pattern, number: &dyn Fn(&Ident) -> usize) -> Result<Vec<Step>> {
    let mut program = Program { steps: Vec::new(), number };
    program.add(pattern)?;
    program.step(Step::Done)?;
    Ok(program.steps)
}

struct Program<'a> {
    steps: Vec<Step>,
    number: &'a dyn Fn(&Ident) -> usize,
}

impl Program<'_> {
    fn step(&mut self, step: Step) -> Result<usize> {
        if self.steps.len() >= MOST_STEPS {
            return Err(Error::not_here(format!("A row pattern of more than {MOST_STEPS} steps")));
        }
        self.steps.push(step);
        Ok(self.steps.len() - 1)
    }

    fn add(&mut self, pattern: &Pattern) -> Result<()> {
        match pattern {
            Pattern::Empty => {}
            Pattern::PartitionStart => drop(self.step(Step::PartitionStart)?),
            Pattern::PartitionEnd => drop(self.step(Step::PartitionEnd)?),
            Pattern::Variable(name) => drop(self.step(Step::Row((self.number)(name)))?),
            Pattern::Excluded(of) => {
                self.step(Step::Mark)?;
                self.add(of)?;
                self.step(Step::Mark)?;
            }
            Pattern::Sequence(parts) => parts.iter().try_for_each(|part| self.add(part))?,
            Pattern::Choice(parts) => self.choice(parts.iter().map(|part| vec![part]))?,
            Pattern::Permuted(parts) => {
                let first: Vec<usize> = (0..parts.len()).collect();
                let orders = std::iter::successors(Some(first), |order| next_order(order));
                self.choice(orders.map(|order| order.into_iter().map(|at| &parts[at]).collect()))?;
            }
            Pattern::Repeated { of, least, most, is_greedy } => self.repeated(of, *least, *most, *is_greedy)?,
        }
        Ok(())
    }

    /// One of the sequences, rather an earlier one.
    fn choice<'p>(&mut self, sequences: impl Iterator<Item = Vec<&'p Pattern>>) -> Result<()> {
        let mut sequences = sequences.peekable();
        let mut ends = Vec::new();
        while let Some(sequence) = sequences.next() {
            let split = match sequences.peek() {
                Some(_) => Some(self.step(Step::Split(0, 0))?),
                None => None,
            };
            sequence.into_iter().try_for_each(|part| self.add(part))?;
            if let Some(split) = split {
                ends.push(self.step(Step::Jump(0))?);
                self.steps[split] = Step::Split(split + 1, self.steps.len());
            }
        }
        for end in ends {
            self.steps[end] = Step::Jump(self.steps.len());
        }
        Ok(())
    }

    fn repeated(&mut self, of: &Pattern, least: u64, most: Option<u64>, is_greedy: bool) -> Result<()> {
        let mut last = self.steps.len();
        for _ in 0..least {
            last = self.steps.len();
            self.add(of)?;
            if self.steps.len() == last {
                break;
            }
        }
        let split = |on: usize, past: usize| if is_greedy { Step::Split(on, past) } else { Step::Split(past, on) };
        match most {
            None if least == 0 => {
                let start = self.step(Step::Split(0, 0))?;
                self.add(of)?;
                let again = self.step(Step::Split(0, 0))?;
                self.steps[again] = split(start + 1, again + 1);
                self.steps[start] = split(start + 1, again + 1);
            }
            None => {
                let again = self.step(Step::Split(0, 0))?;
                self.steps[again] = split(last, again + 1);
            }
            Some(most) => {
                let mut splits = Vec::new();
                for _ in least..most {
                    splits.push(self.step(Step::Split(0, 0))?);
                    self.add(of)?;
                }
                for at in splits {
                    self.steps[at] = split(at + 1, self.steps.len());
                }
            }
        }
        Ok(())
    }
}

/// The order that follows, as words do in a dictionary.
fn next_order(order: &[usize]) -> Option<Vec<usize>> {
    let rising = order.windows(2).rposition(|pair| pair[0] < pair[1])?;
    let larger = order.iter().rposition(|part| *part > order[rising])?;
    let mut next = order.to_vec();
    next.swap(rising, larger);
    next[rising + 1..].reverse();
    Some(next)
}
