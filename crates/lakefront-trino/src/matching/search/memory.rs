//! What the ways of a search remember: lists that share what they begin with.

use std::collections::HashMap;

/// Nothing was remembered yet.
pub(super) const NOTHING: u32 = 0;

#[derive(Debug)]
pub(super) struct Memory {
    /// What stands before, and the variable of the row.
    pub(super) paths: Vec<(u32, u32)>,
    pub(super) marks: Vec<(u32, usize)>,
    pub(super) links: Vec<Link>,
    known: HashMap<(u32, usize, u32), u32>,
}

/// A row of some variables.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Link {
    pub(super) before: u32,
    pub(super) row: usize,
    pub(super) variable: u32,
    /// How many rows there are up to here.
    pub(super) count: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            paths: vec![(NOTHING, 0)],
            marks: vec![(NOTHING, 0)],
            links: vec![Link::default()],
            known: HashMap::new(),
        }
    }
}

impl Memory {
    pub(super) fn forget(&mut self) {
        self.paths.truncate(1);
        self.marks.truncate(1);
        self.links.truncate(1);
        // To clear a table takes as long as it is large.
        if self.known.capacity() > 1 << 12 {
            self.known = HashMap::new();
        }
        self.known.clear();
    }

    pub(super) fn link(&mut self, before: u32, row: usize, variable: u32) -> u32 {
        let Memory { links, known, .. } = self;
        *known.entry((before, row, variable)).or_insert_with(|| {
            let count = links[before as usize].count + 1;
            links.push(Link { before, row, variable, count });
            (links.len() - 1) as u32
        })
    }

    pub(super) fn before(&self, mut link: u32, steps: usize) -> Link {
        for _ in 0..steps {
            link = self.links[link as usize].before;
        }
        self.links[link as usize]
    }

    pub(super) fn remembered(&self) -> usize {
        self.paths.len() + self.marks.len() + 4 * self.links.len()
    }
}

/// A list up to an item.
pub(super) fn items<T: Copy>(list: &[(u32, T)], last: u32) -> Vec<T> {
    let mut items = Vec::new();
    let mut at = last;
    while at != NOTHING {
        let (before, item) = list[at as usize];
        items.push(item);
        at = before;
    }
    items.reverse();
    items
}
