//! Ctrl-C and its like, while something half done is on the disk or on the screen: it is cleared up, and then the run
//! ends as it would have.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::Failure;

/// The signal that came, if one did, once it is watched for.
static CAUGHT: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// From here on a signal does not end the run at once: [`check`] is to be asked often.
pub(crate) fn watch() {
    CAUGHT.get_or_init(|| {
        let (caught, again) = (Arc::default(), Arc::default());
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            // Who asks twice does not want to wait. What cannot be caught ends the run at once, too.
            let _ = flag::register_conditional_default(signal, Arc::clone(&again));
            let _ = flag::register(signal, Arc::clone(&again));
            let number = usize::try_from(signal).unwrap_or_default();
            let _ = flag::register_usize(signal, Arc::clone(&caught), number);
        }
        caught
    });
}

/// Is the run to go on?
///
/// # Errors
///
/// When a signal says that it is not.
pub(crate) fn check() -> Result<(), Failure> {
    match CAUGHT.get().map(|caught| caught.load(Ordering::Relaxed)) {
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
