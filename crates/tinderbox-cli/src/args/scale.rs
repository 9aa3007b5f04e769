use super::{Chosen, Format};
use clap::Args;
use std::path::PathBuf;

/// A job and the numbers of executors that it is measured on.
#[derive(Debug, Args)]
pub struct Scale {
    /// A batch job (YAML or JSON), or a request as of POST /submit-job (JSON), which may have `path` instead of `s3_path`:
    /// a file or folder, relative to the document.
    pub spec: PathBuf,
    /// Numbers of executors, commas between; `node_list` of a request when left out.
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub nodes: Vec<u32>,
    /// Measured repetitions on each number; 3 when left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeats: Option<u32>,
    /// Repetitions before them that do not count; 1 when left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100))]
    pub warm_up: Option<u32>,
    /// Cluster profile; executors that are processes of this machine when left out.
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<String>,
    /// What is chosen of a batch job.
    #[command(flatten)]
    pub chosen: Chosen,
    /// The bucket of requests with `s3_path`, where no server runs.
    #[arg(long, value_name = "NAME")]
    pub s3_bucket: Option<String>,
    /// How to print the result.
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
}

/// Where jobs of `POST /submit-job` find their data and run.
#[derive(Debug, Args)]
pub struct SubmittedJobs {
    /// The bucket of POST /submit-job, with the AWS_* variables of the environment.
    #[arg(long, value_name = "NAME", default_value = "spark-data")]
    pub s3_bucket: String,
    /// The cluster profile of POST /submit-job; executors that are processes of this machine when left out.
    #[arg(long, value_name = "NAME")]
    pub submit_cluster: Option<String>,
}

impl From<SubmittedJobs> for tinderbox_app::ScaleSettings {
    fn from(jobs: SubmittedJobs) -> Self {
        Self { bucket: jobs.s3_bucket, cluster: jobs.submit_cluster }
    }
}
