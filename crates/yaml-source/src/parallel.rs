//! Work on all processors.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does something for each item on all processors; the results are in the items' order. `share` is how many items are
/// worth a thread of their own.
pub fn in_parallel<'i, T: Sync, R: Send>(items: &'i [T], share: usize, work: impl Fn(&'i T) -> R + Sync) -> Vec<R> {
    static PROCESSORS: LazyLock<usize> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let wanted = items.len().div_ceil(share);
    with_workers(items, if wanted <= 1 { 1 } else { wanted.min(*PROCESSORS) }, work)
}

/// The same for work that is mostly waiting, with so many at it.
pub fn with_workers<'i, T: Sync, R: Send>(items: &'i [T], workers: usize, work: impl Fn(&'i T) -> R + Sync) -> Vec<R> {
    let workers = workers.min(items.len());
    if workers <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return done };
            done.push((index, work(item)));
        }
    };
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(take)).collect();
        let mut results = take();
        for thread in others {
            match thread.join() {
                Ok(done) => results.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
