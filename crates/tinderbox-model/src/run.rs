use crate::{Bytes, Millis};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The life of a run: `queued → submitting → starting → running → succeeded | failed | cancelled | timed_out`,
/// plus `lost` when the backend cannot say what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Recorded, nothing was sent anywhere.
    Queued,
    /// The intent with its identity is stored; the engine is being asked.
    Submitting,
    /// The engine has it; no event of Spark yet.
    Starting,
    /// Spark has started the application.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended with an error.
    Failed,
    /// Ended because somebody asked for it.
    Cancelled,
    /// Ended because its time was up.
    TimedOut,
    /// The backend cannot say.
    Lost,
}

impl RunState {
    /// Every state, in the order of life.
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Submitting,
        Self::Starting,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::TimedOut,
        Self::Lost,
    ];

    /// Whether nothing will change any more. `lost` is not final: the run may be found again.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled | Self::TimedOut)
    }

    /// The one table of legal moves. Staying in a state is no move.
    pub fn can_move_to(self, next: Self) -> bool {
        use RunState::{
            Cancelled, Failed, Lost, Queued, Running, Starting, Submitting, Succeeded, TimedOut,
        };
        match self {
            Queued => matches!(next, Submitting | Cancelled | Failed | TimedOut),
            Submitting => {
                matches!(next, Starting | Running | Failed | Cancelled | TimedOut | Lost)
            }
            Starting => {
                matches!(next, Running | Succeeded | Failed | Cancelled | TimedOut | Lost)
            }
            Running => matches!(next, Succeeded | Failed | Cancelled | TimedOut | Lost),
            Lost => matches!(next, Starting | Running | Succeeded | Failed | Cancelled | TimedOut),
            Succeeded | Failed | Cancelled | TimedOut => false,
        }
    }

    /// Whether another attempt may follow, for which the run goes back into the queue: something was asked of the engine, and
    /// the run has not ended. That is no move of the table, because it takes a new attempt.
    pub fn can_try_again(self) -> bool {
        matches!(self, Self::Submitting | Self::Starting | Self::Running | Self::Lost)
    }

    /// Checks a move.
    ///
    /// # Errors
    /// [`IllegalMove`] when the table does not have it.
    pub fn move_to(self, next: Self) -> Result<Self, IllegalMove> {
        if self.can_move_to(next) { Ok(next) } else { Err(IllegalMove { from: self, to: next }) }
    }

    /// The name on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Submitting => "submitting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Lost => "lost",
        }
    }

    /// Reads the name on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A move that the table of [`RunState::can_move_to`] does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IllegalMove {
    /// Where the run stands.
    pub from: RunState,
    /// Where it was to go.
    pub to: RunState,
}

impl fmt::Display for IllegalMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a run that is {} cannot become {}", self.from, self.to)
    }
}

impl std::error::Error for IllegalMove {}

/// Where a run comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Tinderbox launched it.
    Launched,
    /// Only its record was seen: an event log, a history server, a cloud API.
    Observed,
}

impl Origin {
    /// The name on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Launched => "launched",
            Self::Observed => "observed",
        }
    }

    /// Reads the name on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Launched, Self::Observed].into_iter().find(|origin| origin.as_str() == text)
    }
}

/// The figures that the list of runs shows and sorts by, all from the event log or the live stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RunTotals {
    /// Stages that ran (skipped ones not counted).
    pub num_stages: u64,
    /// Tasks that ended.
    pub num_tasks: u64,
    /// Tasks that failed.
    pub num_failed_tasks: u64,
    /// Executors that ran tasks, the driver of a local run included.
    pub num_executors: u64,
    /// Sum of executor run time over all tasks.
    pub task_time: Millis,
    /// Sum of task time spent in garbage collection.
    pub gc_time: Millis,
    /// Bytes read from storage.
    pub input: Bytes,
    /// Bytes written to storage.
    pub output: Bytes,
    /// Shuffle bytes read.
    pub shuffle_read: Bytes,
    /// Shuffle bytes written.
    pub shuffle_write: Bytes,
    /// Bytes spilled to disk.
    pub disk_spill: Bytes,
    /// In-memory size of spilled data.
    pub memory_spill: Bytes,
    /// Cores times the time that they were there, over executors that ran tasks (the driver of a local run included),
    /// from their addition to their removal or the application's end. `None` when that is not known of all of them.
    /// Less `task_time` it is what was paid for and did nothing, where a task takes one core.
    pub core_time: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_states_never_move() {
        for from in RunState::ALL.into_iter().filter(|s| s.is_final()) {
            for to in RunState::ALL {
                assert_eq!(from.move_to(to), Err(IllegalMove { from, to }));
            }
        }
    }

    #[test]
    fn every_unfinished_state_can_be_cancelled_and_time_out() {
        for from in RunState::ALL.into_iter().filter(|s| !s.is_final()) {
            assert!(from.can_move_to(RunState::Cancelled), "{from}");
            assert!(from.can_move_to(RunState::TimedOut), "{from}");
            assert!(!from.can_move_to(from), "{from} to itself is no move");
        }
    }

    #[test]
    fn names_round_trip() {
        for state in RunState::ALL {
            assert_eq!(RunState::parse(state.as_str()), Some(state));
        }
        assert_eq!(RunState::parse("done"), None);
    }
}
