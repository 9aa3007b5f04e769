//! The moments at which the server is killed.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Something that happens while a run is submitted, followed or ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Moment {
    /// The request for the run was sent.
    Requested,
    /// Any moment of the run's life.
    Sometime,
    /// The end of the run was asked for.
    CancelRequested,
    /// A file of the attempt appears in its folder.
    File(&'static str),
    /// The cluster has heard a question of this kind, and did nothing yet.
    Asked(&'static str),
    /// The cluster has heard it, and dies of it: the question is never answered, nothing is done.
    Dropped(&'static str),
    /// It did what was asked for, and did not say so yet.
    Done(&'static str),
    /// It said so.
    Answered(&'static str),
}

/// Waits for a moment that others report. While it was not sprung nobody is held up; who reports the moment waits until
/// the kill is done, so that it is that moment exactly.
#[derive(Clone, Default)]
pub struct Trap {
    inside: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    wanted: Option<Moment>,
    is_sprung: bool,
}

impl Trap {
    pub fn set(&self, moment: &Moment) {
        *self.state() = State { wanted: Some(moment.clone()), is_sprung: false };
    }

    /// Lets everybody go.
    pub fn release(&self) {
        *self.state() = State::default();
        self.inside.1.notify_all();
    }

    /// Says that a moment has come; true when it was waited for.
    pub fn reached(&self, moment: &Moment) -> bool {
        let mut state = self.state();
        if state.wanted.as_ref() != Some(moment) {
            return false;
        }
        state.is_sprung = true;
        self.inside.1.notify_all();
        while state.is_sprung {
            state = self.inside.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// Whether the moment has come.
    pub fn is_sprung(&self) -> bool {
        self.state().is_sprung
    }

    /// False when the moment does not come.
    pub fn wait(&self, limit: Duration) -> bool {
        let state = self.state();
        let waited = self.inside.1.wait_timeout_while(state, limit, |state| !state.is_sprung);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_sprung
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.inside.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks without a pause until a file is there; false when it does not come.
pub fn appears(file: &Path, limit: Duration) -> bool {
    let end = Instant::now() + limit;
    while !file.exists() {
        if Instant::now() > end {
            return false;
        }
        std::thread::sleep(Duration::from_micros(50));
    }
    true
}

/// xorshift64*, so that a seed repeats a test.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}
