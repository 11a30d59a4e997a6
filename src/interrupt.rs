//! Ctrl-C and its like, while something half done is on the disk or on the screen: it is cleared up, and then the run
//! ends as it would have.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use yaml_source::Failure;

/// What is known of signals, once they are watched for.
static WATCH: OnceLock<SignalWatch> = OnceLock::new();

#[derive(Default)]
struct SignalWatch {
    /// The signal that came, if one did.
    caught: Arc<AtomicUsize>,
    /// A signal ends the run as if nobody watched: while it waits for a person, and when it is the second one, for who
    /// asks twice does not want to wait.
    ends_at_once: Arc<AtomicBool>,
}

/// From here on a signal does not end the run at once: [`check`] is to be asked often.
pub(crate) fn watch() {
    let watch = WATCH.get_or_init(|| {
        let watch = SignalWatch::default();
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            // What cannot be caught ends the run at once, too.
            let number = usize::try_from(signal).unwrap_or_default();
            let _ = flag::register_conditional_default(signal, Arc::clone(&watch.ends_at_once));
            let _ = flag::register(signal, Arc::clone(&watch.ends_at_once));
            let _ = flag::register_usize(signal, Arc::clone(&watch.caught), number);
        }
        watch
    });
    if watch.caught.load(Ordering::Relaxed) == 0 {
        watch.ends_at_once.store(false, Ordering::Relaxed);
    }
}

/// From here on it does again: the run waits for a person, and has nothing to clear up.
pub(crate) fn stop_watching() {
    if let Some(watch) = WATCH.get() {
        watch.ends_at_once.store(true, Ordering::Relaxed);
    }
}

/// Is the run to go on?
///
/// # Errors
///
/// When a signal says that it is not.
pub(crate) fn check() -> Result<(), Failure> {
    match WATCH.get().map(|watch| watch.caught.load(Ordering::Relaxed)) {
        None | Some(0) => Ok(()),
        Some(signal) => Err(Failure::Interrupted(signal)),
    }
}

/// Ends the process by the signal, so that whoever started it is told what became of it.
pub(crate) fn obey(signal: usize) {
    if let Ok(signal) = signal.try_into() {
        // Where that is refused, the exit code tells.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
}
