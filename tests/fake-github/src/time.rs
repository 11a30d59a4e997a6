use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::listening::Listening;

/// The time of a test: it stands still while anybody runs, and jumps when everybody sleeps.
///
/// Programs under test ask for it over a socket, `now` or `sleep MILLISECONDS` a connection. In a simulation
/// ([`Time::simulate`]) requests to the fake wait their turn here too, so that one seed is one interleaving.
#[derive(Clone)]
pub struct Time {
    inner: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    now: i64,
    /// Programs that neither sleep nor wait.
    running: usize,
    /// When each sleeper wakes, by ticket.
    sleepers: Vec<(i64, u64)>,
    /// Requests that wait their turn.
    waiting: Vec<(usize, u64)>,
    granted: Option<u64>,
    next_ticket: u64,
    random: Option<u64>,
}

impl Time {
    /// A clock that stands at `now`, in milliseconds since 1970.
    pub fn new(now: i64) -> Self {
        Self { inner: Arc::new((Mutex::new(State { now, ..State::default() }), Condvar::new())) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.state().now
    }

    /// Moves the clock on.
    pub fn advance(&self, millis: i64) {
        self.state().now += millis;
    }

    /// From now on requests wait their turn, which `seed` decides.
    pub fn simulate(&self, seed: u64) {
        self.state().random = Some(seed.wrapping_mul(2).wrapping_add(1));
    }

    /// A program starts.
    pub fn enter(&self) {
        self.state().running += 1;
    }

    /// A program ended.
    pub fn leave(&self) {
        let mut state = self.state();
        state.running = state.running.saturating_sub(1);
        state.dispatch();
        self.inner.1.notify_all();
    }

    /// Sleeps until the clock has moved on by `millis`.
    pub fn sleep(&self, millis: i64) -> i64 {
        let mut state = self.state();
        let ticket = state.ticket();
        let until = state.now + millis;
        state.sleepers.push((until, ticket));
        state.running = state.running.saturating_sub(1);
        state.dispatch();
        self.inner.1.notify_all();
        while state.sleepers.iter().any(|(_, sleeper)| *sleeper == ticket) {
            state = self.inner.1.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        state.now
    }

    /// In a simulation, waits for the turn of a client's request.
    pub(crate) fn turn(&self, client: usize) {
        let mut state = self.state();
        if state.random.is_none() {
            return;
        }
        let ticket = state.ticket();
        state.waiting.push((client, ticket));
        state.running = state.running.saturating_sub(1);
        state.dispatch();
        self.inner.1.notify_all();
        while state.granted != Some(ticket) {
            state = self.inner.1.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        state.granted = None;
    }

    /// Answers programs on a local socket.
    ///
    /// # Panics
    ///
    /// When this machine has no port left.
    pub fn listen(&self) -> Listening {
        self.listen_ahead(0)
    }

    /// As [`listen`](Self::listen), as a machine whose clock is `ahead` milliseconds ahead.
    ///
    /// # Panics
    ///
    /// When this machine has no port left.
    pub fn listen_ahead(&self, ahead: i64) -> Listening {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let time = self.clone();
        Listening::start(listener, move |stream| time.answer(&stream, ahead))
    }

    fn answer(&self, stream: &TcpStream, ahead: i64) {
        let mut question = String::new();
        if BufReader::new(stream).read_line(&mut question).is_err() {
            return;
        }
        let now = match question.trim().split_once(' ') {
            Some(("sleep", millis)) => self.sleep(millis.parse().unwrap_or(0)),
            _ => self.now(),
        };
        // A program that was killed meanwhile reads no answer.
        let _ = writeln!(&mut &*stream, "{}", now + ahead);
    }
}

impl State {
    fn ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket
    }

    /// When nobody runs: lets a waiting request go, else wakes whoever wakes first.
    fn dispatch(&mut self) {
        if self.running > 0 || self.granted.is_some() {
            return;
        }
        // By client: tickets come in the order of real threads, on which the choice must not depend.
        self.waiting.sort_unstable();
        let sleeps = !self.sleepers.is_empty();
        let choices = self.waiting.len() + usize::from(sleeps && !self.waiting.is_empty());
        if choices > 0 {
            let choice = self.draw(choices);
            if choice < self.waiting.len() {
                self.granted = Some(self.waiting.remove(choice).1);
                self.running += 1;
                return;
            }
        }
        let Some(first) = self.sleepers.iter().map(|(until, _)| *until).min() else { return };
        self.now = self.now.max(first);
        let before = self.sleepers.len();
        self.sleepers.retain(|(until, _)| *until > first);
        self.running += before - self.sleepers.len();
    }

    /// A number below `below`, by a linear congruence that is good enough to choose with.
    fn draw(&mut self, below: usize) -> usize {
        let Some(seed) = &mut self.random else { return 0 };
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*seed >> 33).unwrap_or(0) % below
    }
}
