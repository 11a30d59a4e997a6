use std::collections::{HashMap, HashSet};

/// Things of two pipelines, matched by name, and by `old_name` where the name is new.
pub(super) struct Matched<'a, T> {
    /// In the order of the new ones.
    pub(super) pairs: Vec<(&'a T, &'a T)>,
    pub(super) added: Vec<&'a T>,
    pub(super) removed: Vec<&'a T>,
    /// The new names of those that nobody wrote the old name of.
    pub(super) alike: HashSet<&'a str>,
    /// The order of those that are in both differs.
    pub(super) reordered: bool,
}

impl<'a, T> Matched<'a, T> {
    /// Takes added and removed things for the same ones by another name.
    pub(super) fn take(&mut self, pairs: Vec<(&'a T, &'a T)>, name: impl Fn(&'a T) -> &'a str) {
        let gone: HashSet<&str> = pairs.iter().map(|(old, _)| name(old)).collect();
        self.alike = pairs.iter().map(|(_, new)| name(new)).collect();
        self.added.retain(|new| !self.alike.contains(name(new)));
        self.removed.retain(|old| !gone.contains(name(old)));
        self.pairs.extend(pairs);
    }
}

/// Matches two lists as Concourse does (`atc/db/team.go`): a former name counts only while nothing has the name itself.
pub(super) fn matched<'a, T>(
    old: &'a [T],
    new: &'a [T],
    name: impl Fn(&T) -> &str,
    old_name: impl Fn(&T) -> Option<&str>,
) -> Matched<'a, T> {
    let known: HashMap<&str, usize> = old.iter().enumerate().map(|(index, thing)| (name(thing), index)).collect();
    let kept: HashSet<&str> = new.iter().map(&name).collect();
    let mut taken = HashSet::new();
    let mut matched =
        Matched { pairs: Vec::new(), added: Vec::new(), removed: Vec::new(), alike: HashSet::new(), reordered: false };
    let mut last = None;
    for thing in new {
        let former = || old_name(thing).filter(|former| !kept.contains(former)).and_then(|former| known.get(former));
        let index = known.get(name(thing)).or_else(former).copied().filter(|index| taken.insert(*index));
        match index {
            Some(index) => {
                matched.reordered |= last > Some(index);
                last = Some(index);
                matched.pairs.push((&old[index], thing));
            }
            None => matched.added.push(thing),
        }
    }
    matched.removed =
        old.iter().enumerate().filter(|(index, _)| !taken.contains(index)).map(|(_, thing)| thing).collect();
    matched
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn former_name_counts_while_nothing_has_it() {
        let old = [("a", ""), ("b", "")];
        let find = |new: &[(&'static str, &'static str)]| {
            let matched = matched(&old, new, |thing| thing.0, |thing| (!thing.1.is_empty()).then_some(thing.1));
            (matched.pairs.len(), matched.added.len(), matched.removed.len(), matched.reordered)
        };
        assert_eq!(find(&[("a", ""), ("c", "b")]), (2, 0, 0, false));
        assert_eq!(find(&[("a", ""), ("b", ""), ("c", "b")]), (2, 1, 0, false));
        assert_eq!(find(&[("c", "b"), ("d", "b")]), (1, 1, 1, false));
        assert_eq!(find(&[("b", ""), ("a", "")]), (2, 0, 0, true));
    }
}
