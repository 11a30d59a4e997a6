use std::time::Duration;

use jiff::Timestamp;

/// What time it is, and how to wait.
pub trait Clock {
    /// The time of this machine. GitHub's own time, which decides about approvals, comes with its answers.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, time: Duration);
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

#[cfg(feature = "virtual-clock")]
pub use virtual_clock::VirtualClock;

#[cfg(feature = "virtual-clock")]
mod virtual_clock {
    use std::env;
    use std::io::{self, BufRead as _, BufReader, Write as _};
    use std::net::TcpStream;
    use std::time::Duration;

    use jiff::Timestamp;

    use super::Clock;

    /// A clock kept by a test, asked over a local socket: `now` and `sleep MILLISECONDS`, each answered by the time
    /// in milliseconds since 1970 once that time has come.
    #[derive(Clone, Debug)]
    pub struct VirtualClock {
        address: String,
    }

    impl VirtualClock {
        /// The clock whose address is in `GITHUB_ISSUES_VIRTUAL_CLOCK`.
        ///
        /// # Errors
        ///
        /// When the variable is not set.
        pub fn from_env() -> Result<Self, env::VarError> {
            Ok(Self { address: env::var("GITHUB_ISSUES_VIRTUAL_CLOCK")? })
        }

        fn ask(&self, question: &str) -> io::Result<Timestamp> {
            let mut stream = TcpStream::connect(&self.address)?;
            writeln!(stream, "{question}")?;
            let mut answer = String::new();
            BufReader::new(stream).read_line(&mut answer)?;
            let millis = answer.trim().parse().map_err(io::Error::other)?;
            Timestamp::from_millisecond(millis).map_err(io::Error::other)
        }
    }

    impl Clock for VirtualClock {
        fn now(&self) -> Timestamp {
            self.ask("now").expect("the test's clock answers")
        }

        fn sleep(&self, time: Duration) {
            self.ask(&format!("sleep {}", time.as_millis())).expect("the test's clock answers");
        }
    }
}
