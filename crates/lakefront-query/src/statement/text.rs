//! A text that was edited, and where each of its places stood in what its author wrote.

use std::ops::Range;

use crate::Position;

/// Replaces a range of bytes.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) replacement: String,
}

/// A text with the way back to the author's own.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    text: String,
    author: String,
    pieces: Vec<Piece>,
}

/// A stretch of the text: copied from the author's, or put in place of something there.
#[derive(Debug, Clone, Copy)]
struct Piece {
    start: usize,
    author: usize,
    copied: bool,
}

impl Text {
    pub(crate) fn new(author: &str) -> Self {
        Self {
            text: author.to_owned(),
            author: author.to_owned(),
            pieces: vec![Piece { start: 0, author: 0, copied: true }],
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn author(&self) -> &str {
        &self.author
    }

    /// Applies edits that are in order and do not overlap.
    pub(crate) fn edit(&self, edits: &[Edit]) -> Text {
        let mut text = String::with_capacity(self.text.len() + 16 * edits.len());
        let mut pieces = Vec::with_capacity(self.pieces.len() + 2 * edits.len());
        let mut from = 0;
        for edit in edits {
            self.copy(from..edit.range.start, &mut text, &mut pieces);
            if !edit.replacement.is_empty() {
                pieces.push(Piece { start: text.len(), author: self.author_byte(edit.range.start), copied: false });
                text.push_str(&edit.replacement);
            }
            from = edit.range.end;
        }
        self.copy(from..self.text.len(), &mut text, &mut pieces);
        Text { text, author: self.author.clone(), pieces }
    }

    fn copy(&self, range: Range<usize>, text: &mut String, pieces: &mut Vec<Piece>) {
        let first = self.pieces.partition_point(|piece| piece.start <= range.start).max(1) - 1;
        for piece in &self.pieces[first..] {
            if piece.start >= range.end {
                break;
            }
            let skipped = range.start.saturating_sub(piece.start);
            pieces.push(Piece {
                start: text.len() + piece.start.saturating_sub(range.start),
                author: if piece.copied { piece.author + skipped } else { piece.author },
                copied: piece.copied,
            });
        }
        text.push_str(&self.text[range]);
    }

    fn author_byte(&self, byte: usize) -> usize {
        let index = self.pieces.partition_point(|piece| piece.start <= byte).max(1) - 1;
        match self.pieces.get(index) {
            Some(piece) if piece.copied => piece.author + (byte - piece.start),
            Some(piece) => piece.author,
            None => 0,
        }
    }

    /// Where a place of this text (line and column from 1) stood in the author's.
    pub(crate) fn author_position(&self, line: u64, column: u64) -> Position {
        position_of(&self.author, self.author_byte(byte_of(&self.text, line, column)))
    }
}

/// The byte at a line and column; the end of the text for a place behind it.
pub(crate) fn byte_of(text: &str, line: u64, column: u64) -> usize {
    let mut start = 0;
    for _ in 1..line {
        match text[start..].find('\n') {
            Some(newline) => start += newline + 1,
            None => return text.len(),
        }
    }
    text[start..]
        .char_indices()
        .nth(usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX))
        .map_or(text.len(), |(offset, _)| start + offset)
}

/// The line and column of a byte.
pub(crate) fn position_of(text: &str, byte: usize) -> Position {
    let before = &text[..byte.min(text.len())];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position { line: before.matches('\n').count() as u64 + 1, column: before[line_start..].chars().count() as u64 + 1 }
}

#[cfg(test)]
mod tests {
    use super::{Edit, Text};
    use crate::Position;

    #[test]
    fn places_lead_back_through_two_edits() {
        let author = "select {{a}},\n  é + {{b}} from t";
        let range = |part: &str| {
            let start = author.find(part).unwrap_or_default();
            start..start + part.len()
        };
        let once = Text::new(author).edit(&[
            Edit { range: range("{{a}}"), replacement: " $1, $2 ".to_owned() },
            Edit { range: range("{{b}}"), replacement: " $3 ".to_owned() },
        ]);
        assert_eq!(once.as_str(), "select  $1, $2 ,\n  é +  $3  from t");
        let table = once.as_str().rfind('t').unwrap_or_default();
        let twice = once.edit(&[Edit { range: table..table + 1, replacement: "\"x\".\"t\"".into() }]);
        assert_eq!(twice.as_str(), "select  $1, $2 ,\n  é +  $3  from \"x\".\"t\"");

        let position = |line, column| Position { line, column };
        assert_eq!(twice.author_position(1, 1), position(1, 1));
        assert_eq!(twice.author_position(1, 13), position(1, 8));
        assert_eq!(twice.author_position(2, 3), position(2, 3));
        assert_eq!(twice.author_position(2, 9), position(2, 7));
        assert_eq!(twice.author_position(2, 12), position(2, 13));
        assert_eq!(twice.author_position(2, 20), position(2, 18));
    }
}
