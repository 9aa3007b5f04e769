//! What has been sent so far, and how the server did.

use crate::output;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tinderbox_model::Bytes;

/// How often a line says how far it is.
const LINE_PERIOD: Duration = Duration::from_secs(10);

/// The figures of all applications.
pub struct Tally {
    begin: Instant,
    /// Applications that there are.
    total: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    num_ended: u64,
    num_failed: u64,
    num_events: u64,
    num_batches: u64,
    num_bytes: u64,
    num_again: u64,
    late: Duration,
    answers: Answers,
    first_problem: Option<String>,
    said: Option<Instant>,
}

impl Tally {
    /// Of so many applications.
    pub fn new(total: u64) -> Self {
        Self { begin: Instant::now(), total, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A batch is sent so much later than it was due.
    pub fn late(&self, by: Duration) {
        let mut state = self.state();
        state.late = state.late.max(by);
    }

    /// The server has answered, whatever it was.
    pub fn answered(&self, after: Duration) {
        self.state().answers.add(after);
    }

    /// A batch is offered again.
    pub fn again(&self) {
        self.state().num_again += 1;
    }

    /// A batch was taken.
    pub fn sent(&self, num_events: u64, num_bytes: usize) {
        let mut state = self.state();
        state.num_events += num_events;
        state.num_batches += 1;
        state.num_bytes += num_bytes as u64;
    }

    /// An application was played to its end, or to the problem that ended it.
    pub fn ended(&self, problem: Option<String>) {
        let mut state = self.state();
        state.num_ended += 1;
        let Some(problem) = problem else { return };
        state.num_failed += 1;
        if state.num_failed <= 10 {
            output::note(&format!("  {problem}"));
        }
        state.first_problem.get_or_insert(problem);
    }

    /// The first of the problems.
    pub fn first_problem(&self) -> Option<String> {
        let state = self.state();
        let problem = state.first_problem.as_ref()?;
        Some(format!(
            "{} of {} applications were not taken; the first: {problem}",
            state.num_failed, self.total
        ))
    }

    /// Says how far it is, now and then.
    pub fn show(&self) {
        let mut state = self.state();
        if state.said.unwrap_or(self.begin).elapsed() >= LINE_PERIOD {
            state.said = Some(Instant::now());
            let (ended, total, events) = (state.num_ended, self.total, state.num_events);
            output::note(&format!("  {ended}/{total} applications, {events} events"));
        }
    }

    /// For the end.
    #[allow(clippy::cast_precision_loss)]
    pub fn summary(&self) -> String {
        let state = self.state();
        let seconds = self.begin.elapsed().as_secs_f64().max(0.001);
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
        format!(
            "{} applications, {} events in {} batches, {} in {seconds:.1} s: {:.0} events/s\n  \
             answers: median {}, p99 {}, longest {}; {} sent again; at most {} late\n",
            state.num_ended,
            state.num_events,
            state.num_batches,
            Bytes(state.num_bytes),
            state.num_events as f64 / seconds,
            ms(state.answers.quantile(0.5)),
            ms(state.answers.quantile(0.99)),
            ms(state.answers.longest),
            state.num_again,
            ms(state.late),
        )
    }
}

/// Durations in classes, each 5 % longer than the one before, from a microsecond on.
struct Answers {
    classes: [u64; Self::CLASSES],
    longest: Duration,
}

impl Default for Answers {
    fn default() -> Self {
        Self { classes: [0; Self::CLASSES], longest: Duration::ZERO }
    }
}

impl Answers {
    /// Up to half an hour.
    const CLASSES: usize = 440;
    const FACTOR: f64 = 1.05;

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn add(&mut self, time: Duration) {
        let class = (time.as_secs_f64() * 1e6).max(1.0).log(Self::FACTOR) as usize;
        self.classes[class.min(Self::CLASSES - 1)] += 1;
        self.longest = self.longest.max(time);
    }

    /// Not more than 5 % too long; zero of none.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn quantile(&self, share: f64) -> Duration {
        let count: u64 = self.classes.iter().sum();
        let wanted = (count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (class, number) in self.classes.iter().enumerate() {
            seen += number;
            if seen >= wanted && seen > 0 {
                let longest = Self::FACTOR.powf(class as f64 + 1.0) / 1e6;
                return Duration::from_secs_f64(longest).min(self.longest);
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_five_percent() {
        let mut answers = Answers::default();
        assert_eq!(answers.quantile(0.5), Duration::ZERO);
        (1..=1000).for_each(|ms| answers.add(Duration::from_millis(ms)));
        for (share, ms) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = answers.quantile(share).as_secs_f64() * 1000.0;
            assert!((ms..=ms * 1.05).contains(&found), "{share}: {found}");
        }
        answers.add(Duration::from_secs(100_000));
        assert_eq!(answers.longest, Duration::from_secs(100_000));
    }
}
