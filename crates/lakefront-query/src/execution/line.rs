//! Those who wait for the same thing, in the order in which they came.

use std::collections::BTreeSet;

use tokio::sync::watch;

#[derive(Debug, Clone, Default)]
pub(crate) struct Line(watch::Sender<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    numbers: BTreeSet<u64>,
}

/// A place in the line; dropping it leaves the line.
#[derive(Debug)]
pub(crate) struct InLine {
    line: Line,
    moves: watch::Receiver<Waiting>,
    number: u64,
}

impl Line {
    /// At the end.
    pub(crate) fn join(&self) -> InLine {
        let mut number = 0;
        // Nobody moves because of someone behind them.
        self.0.send_if_modified(|line| {
            number = line.next;
            line.next += 1;
            line.numbers.insert(number);
            false
        });
        InLine { line: self.clone(), moves: self.0.subscribe(), number }
    }
}

impl InLine {
    /// How many came earlier and still wait.
    pub(crate) fn before(&mut self) -> usize {
        self.moves.borrow_and_update().numbers.range(..self.number).count()
    }

    /// Somebody has left the line since it was last asked.
    pub(crate) async fn moved(&mut self) {
        // The line is held here, so this is no error.
        let _ = self.moves.changed().await;
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        self.line.0.send_modify(|line| {
            line.numbers.remove(&self.number);
        });
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::Line;

    #[test]
    fn a_place_moves_when_someone_before_it_leaves() {
        let line = Line::default();
        let (first, mut second, mut third) = (line.join(), line.join(), line.join());
        assert_eq!((second.before(), third.before()), (1, 2));
        assert!(third.moved().now_or_never().is_none(), "nobody has left");
        drop(first);
        assert!(third.moved().now_or_never().is_some());
        assert_eq!((second.before(), third.before()), (0, 1));
        drop(third);
        assert_eq!(second.before(), 0);
        assert_eq!(line.join().before(), 1);
    }
}
