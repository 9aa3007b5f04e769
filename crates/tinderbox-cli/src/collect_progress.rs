//! Progress of a collection in the terminal: a bar over bytes, and the log that is looked at.

use crate::output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tinderbox_app::CollectStep;
use tinderbox_model::Bytes;

/// Shows progress; on a terminal as a bar, elsewhere as a line every few seconds.
pub struct CollectProgress {
    bar: Option<ProgressBar>,
    state: Mutex<State>,
}

struct State {
    num_logs: usize,
    num_done: usize,
    all: Bytes,
    done: Bytes,
    said: Instant,
}

impl CollectProgress {
    const LINE_PERIOD: Duration = Duration::from_secs(10);

    /// Begins to show.
    pub fn new() -> Self {
        let bar = output::is_watched().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let template = "{elapsed_precise} {bar:32} {prefix}  {wide_msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        let state = State {
            num_logs: 0,
            num_done: 0,
            all: Bytes::ZERO,
            done: Bytes::ZERO,
            said: Instant::now(),
        };
        Self { bar, state: Mutex::new(state) }
    }

    /// Shows a step.
    pub fn show(&self, step: CollectStep) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            CollectStep::Listed { num_logs, num_bytes } => {
                state.num_logs += num_logs;
                state.all += num_bytes;
            }
            CollectStep::Begun { log } => {
                if let Some(bar) = &self.bar {
                    bar.set_message(log);
                }
            }
            CollectStep::Received { num_bytes } => state.done += num_bytes,
            CollectStep::Ended { num_bytes } => {
                state.num_done += 1;
                state.done += num_bytes;
            }
        }
        let text = state.text();
        match &self.bar {
            Some(bar) => {
                // Where sizes are not known before, logs are counted.
                let (at, of) = match state.all.0 {
                    0 => (state.num_done as u64, state.num_logs as u64),
                    all => (state.done.0, all),
                };
                bar.set_length(of);
                bar.set_position(at);
                bar.set_prefix(text);
            }
            None if state.said.elapsed() >= Self::LINE_PERIOD => {
                output::note(&format!("  {text}"));
                state.said = Instant::now();
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl State {
    fn text(&self) -> String {
        let logs = format!("{}/{} logs", self.num_done, self.num_logs);
        match self.all {
            Bytes(0) => format!("{logs}, {}", self.done),
            all => format!("{logs}, {} of {all}", self.done),
        }
    }
}
