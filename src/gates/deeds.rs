//! What steps do, to be found by what others do.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap};

use super::work::{Doing, Work};

/// Steps by what they do.
pub(super) struct Deeds<D, T> {
    all: Vec<(D, T)>,
    by_work: HashMap<Work, Vec<usize>>,
    /// By a text that names the target, where a step has one.
    by_name: HashMap<(Work, Option<u64>), Vec<usize>>,
}

impl<D, T> Default for Deeds<D, T> {
    fn default() -> Self {
        Self { all: Vec::new(), by_work: HashMap::new(), by_name: HashMap::new() }
    }
}

impl<D: Borrow<Doing>, T> Deeds<D, T> {
    pub(super) fn add(&mut self, doing: D, of: T) {
        let at = self.all.len();
        let pairs = doing.borrow().names.pairs();
        for work in &doing.borrow().works {
            self.by_work.entry(*work).or_default().push(at);
            if pairs.is_empty() {
                self.by_name.entry((*work, None)).or_default().push(at);
            }
            for pair in &pairs {
                self.by_name.entry((*work, Some(*pair))).or_default().push(at);
            }
        }
        self.all.push((doing, of));
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &(D, T)> {
        self.all.iter()
    }

    /// Those that can change what a step changes.
    pub(super) fn alike<'d>(&'d self, doing: &'d Doing) -> impl Iterator<Item = &'d (D, T)> {
        let mut found: BTreeSet<usize> = BTreeSet::new();
        let pairs = doing.names.pairs();
        for work in &doing.works {
            let all = self.by_work.get(work).map(Vec::as_slice).unwrap_or_default();
            // Thousands of stages run one script: those with another name of a target are not looked at.
            if all.len() <= MOST || pairs.is_empty() {
                found.extend(all);
                continue;
            }
            for pair in pairs.iter().copied().map(Some).chain([None]) {
                found.extend(self.by_name.get(&(*work, pair)).into_iter().flatten());
            }
        }
        let all = found.into_iter().map(|at| &self.all[at]);
        all.filter(|(other, _)| other.borrow().is_like(doing))
    }
}

/// So many steps that run one thing are all compared.
const MOST: usize = 64;
