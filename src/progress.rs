//! How far a run is: a bar for whoever waits at a terminal. It comes when the work takes long, and is gone before
//! anything else is said.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use terminal_size::terminal_size_of;
use yaml_source::Failure;

use crate::interrupt;

/// Nobody wonders before.
const PATIENCE: Duration = Duration::from_millis(500);

/// Milliseconds between two pictures.
const PAUSE: u64 = 100;

/// Columns of the bar itself, where there is room.
const BAR: usize = 30;

/// A bar, or none. Those that are cloned are one.
#[derive(Clone, Debug, Default)]
pub struct Progress(Option<Arc<Bar>>);

#[derive(Debug)]
struct Bar {
    begun: Instant,
    /// When it is drawn next, in milliseconds from the beginning.
    due: AtomicU64,
    is_drawn: AtomicBool,
    /// Held by who draws or clears.
    pen: Mutex<()>,
}

impl Progress {
    /// A bar on standard error, where that is a terminal with somebody before it: the logs of CI are none, even where it
    /// runs in a terminal.
    pub(crate) fn for_people() -> Self {
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        let is_ci = std::env::var_os("CI").is_some_and(|ci| ci != "false");
        if !io::stderr().is_terminal() || is_dumb || is_ci {
            return Self::default();
        }
        Self(Some(Arc::new(Bar {
            begun: Instant::now(),
            due: AtomicU64::new(u64::try_from(PATIENCE.as_millis()).unwrap_or_default()),
            is_drawn: AtomicBool::new(false),
            pen: Mutex::new(()),
        })))
    }

    /// Begins a part of the work, of that many steps.
    pub(crate) fn part(&self, name: &'static str, steps: usize) -> Part<'_> {
        Part { bar: self.0.as_deref(), name, steps, done: AtomicUsize::new(0) }
    }
}

/// A part of the work. The bar goes when it ends.
pub(crate) struct Part<'p> {
    bar: Option<&'p Bar>,
    name: &'static str,
    steps: usize,
    done: AtomicUsize,
}

impl Part<'_> {
    /// Before each step.
    ///
    /// # Errors
    ///
    /// When the run was told to end.
    pub(crate) fn step(&self) -> Result<(), Failure> {
        if let Some(bar) = self.bar {
            let done = self.done.fetch_add(1, Ordering::Relaxed);
            bar.draw_when_due(|columns| picture(self.name, done, self.steps, columns));
        }
        interrupt::check()
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        if let Some(bar) = self.bar {
            bar.clear();
        }
    }
}

impl Bar {
    fn draw_when_due(&self, picture: impl FnOnce(usize) -> String) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        if now < self.due.load(Ordering::Relaxed) {
            return;
        }
        // One of the threads draws; the others have better things to do.
        let Ok(_pen) = self.pen.try_lock() else { return };
        self.due.store(now + PAUSE, Ordering::Relaxed);
        let columns = terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
        // A signal would leave it on the screen.
        interrupt::watch();
        self.is_drawn.store(true, Ordering::Relaxed);
        // Nothing can be done when it cannot be shown.
        let _ = write!(io::stderr(), "\r{}\u{1b}[K", picture(columns));
    }

    fn clear(&self) {
        let _pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_drawn.swap(false, Ordering::Relaxed) {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// The bar in that many columns, of which the last stays empty: what stands there makes some terminals begin a line.
fn picture(name: &str, done: usize, steps: usize, columns: usize) -> String {
    let room = columns.saturating_sub(1);
    let count = format!("{done}/{steps}");
    let bar = BAR.min(room.saturating_sub(name.len() + count.len() + " [] ".len()));
    let candidates = [
        (bar >= 10).then(|| {
            let filled = done.min(steps) * bar / steps.max(1);
            format!("{name} [{}{}] {count}", "#".repeat(filled), ".".repeat(bar - filled))
        }),
        Some(format!("{name} {count}")),
        Some(count),
    ];
    candidates.into_iter().flatten().find(|text| text.len() <= room).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picture_fits_into_its_columns() {
        assert_eq!(picture("rendering", 5_000, 10_000, 80), "rendering [###############...............] 5000/10000");
        assert_eq!(picture("rendering", 5_000, 10_000, 34), "rendering [#####.....] 5000/10000");
        assert_eq!(picture("rendering", 5_000, 10_000, 33), "rendering 5000/10000");
        assert_eq!(picture("rendering", 5_000, 10_000, 20), "5000/10000");
        assert_eq!(picture("rendering", 5_000, 10_000, 10), "");
        for columns in 0..120 {
            for done in 0..=20 {
                assert!(picture("reading", done, 20, columns).len() < columns.max(1), "{done} in {columns}");
            }
        }
    }
}
