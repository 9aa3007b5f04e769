//! What can be made to happen to some of the jobs.

use crate::error::{Error, suggestion};

/// Something that goes wrong, or differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scenario {
    /// One partition of an operator is many times larger than the others, and the operator takes as long.
    Skew,
    /// Tasks have too little memory and spill.
    Spill,
    /// Tasks run out of memory; most such jobs fail.
    Oom,
    /// Executors are lost; their tasks run again.
    ExecutorLoss,
    /// A few tasks of an operator are slow without having more data.
    Stragglers,
    /// The input lies in very many small files.
    SmallFiles,
    /// The driver is busy before each stage, and the executors wait.
    SlowDriver,
    /// A streaming job whose batches take longer than their interval.
    StreamingLag,
    /// Slow tasks are started a second time elsewhere; the copy is killed when the first attempt completes.
    Speculation,
    /// The number of executors follows the number of tasks.
    DynamicAllocation,
    /// From the middle of the time on some recurring jobs take longer and shuffle more.
    Regression,
}

/// Share of the jobs when none is given; that of all scenarios together is below 1.
const DEFAULT_SHARE: f64 = 0.08;

impl Scenario {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 11] = [
        Self::Skew,
        Self::Spill,
        Self::Oom,
        Self::ExecutorLoss,
        Self::Stragglers,
        Self::SmallFiles,
        Self::SlowDriver,
        Self::StreamingLag,
        Self::Speculation,
        Self::DynamicAllocation,
        Self::Regression,
    ];

    /// Its name in arguments and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Skew => "skew",
            Self::Spill => "spill",
            Self::Oom => "oom",
            Self::ExecutorLoss => "executor-loss",
            Self::Stragglers => "stragglers",
            Self::SmallFiles => "small-files",
            Self::SlowDriver => "slow-driver",
            Self::StreamingLag => "streaming-lag",
            Self::Speculation => "speculation",
            Self::DynamicAllocation => "dynamic-allocation",
            Self::Regression => "regression",
        }
    }

    /// One sentence for people.
    pub fn description(self) -> &'static str {
        match self {
            Self::Skew => "one partition is many times larger than the others",
            Self::Spill => "tasks have too little memory and spill",
            Self::Oom => "tasks run out of memory; nine of ten such jobs fail",
            Self::ExecutorLoss => "executors are lost, their tasks run again",
            Self::Stragglers => "a few tasks are slow without having more data",
            Self::SmallFiles => "the input lies in very many small files",
            Self::SlowDriver => "executors wait for the driver before each stage",
            Self::StreamingLag => "streaming jobs whose batches take longer than their interval",
            Self::Speculation => {
                "slow tasks have a copy on another executor, which is killed when they complete"
            }
            Self::DynamicAllocation => "the number of executors follows the number of tasks",
            Self::Regression => {
                "from the middle of the time on some recurring jobs take longer and shuffle more"
            }
        }
    }

    /// Reads `skew`, or `skew=0.3` with the share of the jobs to which it happens.
    ///
    /// # Errors
    /// [`Error::Argument`] for an unknown name or a share that is not above 0 and at most 1.
    pub fn parse(text: &str) -> Result<(Self, f64), Error> {
        let (name, share) = match text.split_once('=') {
            Some((name, share)) => (name, Some(share)),
            None => (text, None),
        };
        let names = Self::ALL.map(Self::name);
        let scenario = Self::ALL.into_iter().find(|scenario| scenario.name() == name);
        let Some(scenario) = scenario else {
            let problem = format!("there is no scenario `{name}`");
            return Err(Error::argument(problem, suggestion(name, &names)));
        };
        let share = match share {
            None => DEFAULT_SHARE,
            Some(text) => match text.parse::<f64>() {
                Ok(share) if share > 0.0 && share <= 1.0 => share,
                _ => {
                    let problem = format!("the share `{text}` of the scenario {name} is no share");
                    let hint = format!("give a number above 0 and at most 1: {name}=0.2");
                    return Err(Error::argument(problem, hint));
                }
            },
        };
        Ok((scenario, share))
    }

    /// Whether it happens to all runs of a recurring job or to none, and not to single runs.
    pub(crate) fn is_of_pipelines(self) -> bool {
        matches!(self, Self::Regression | Self::StreamingLag | Self::DynamicAllocation)
    }
}
