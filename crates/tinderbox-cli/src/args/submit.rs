use super::Format;
use clap::Args;
use std::time::Duration;

/// A program with the options of `spark-submit`.
#[derive(Debug, Args)]
pub struct Submit {
    /// Engine or profile; the profile with the --master of the options, else local Spark, when left out.
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<String>,
    /// End the run when it lasts longer, for example 30m, 2h, 90s.
    #[arg(long, value_name = "TIME", value_parser = super::duration)]
    pub timeout: Option<Duration>,
    /// Attempts beside the first one, for failures that are the cluster's: preempted, unreachable, lost.
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100))]
    pub retries: u32,
    /// Repeating a run with the same key starts nothing new.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Return as soon as the run is recorded; needs a running server.
    #[arg(long)]
    pub detach: bool,
    /// How to print the result.
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// What `spark-submit` takes: its options, the program, the program's arguments.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "SPARK-SUBMIT'S ARGUMENTS"
    )]
    pub arguments: Vec<String>,
}
