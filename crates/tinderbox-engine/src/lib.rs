//! Runs a compiled PySpark program, or one that people have, and follows it: on this machine through `spark-submit` (Linux:
//! processes are recognized in `/proc`) or through a driver of our own ([`OwnProcess`]), on standalone clusters over the master's
//! REST, on Kubernetes over its API, on YARN by `spark-submit` and the ResourceManager's REST.
//!
//! The order of calls, each of which may be the last one before a crash:
//!
//! 1. [`LocalSpark::find`] answers what is missing (Spark, Java, Python) before anything is written.
//! 2. The caller stores an [`Intent`]: the attempt's folder and the marker that every process of the
//!    attempt carries in its environment. Both are known before anything is started.
//! 3. [`LocalSpark::launch`] starts Spark in a session of its own, detached from this process.
//! 4. [`LocalProcesses::status`] follows it, [`LocalProcesses::cancel`] ends it, [`LocalProcesses::clean_up`] removes
//!    what is of no use afterwards; [`AttemptLog`] and [`ExitReason`] tell what happened.
//! 5. After a crash of the caller, [`Intent::find`] says what became of the attempt.
//!
//! Invariants:
//! - **At most once.** An attempt is launched once or never, whoever dies at whatever instruction;
//!   a second launch of the same attempt is refused. On Kubernetes it is the API server that takes one pod
//!   of a name: there a launch that was cut off is made again, and adopts the pod that it finds.
//! - A launched Spark outlives its launcher: `kill -9` of the caller neither ends Spark nor loses
//!   its exit code.
//! - No process is signaled that does not carry the attempt's marker.
//! - Secrets travel in the environment and in files of mode 600, never in an argument.
//! - Reads no environment variable of its own: [`Host`] is an argument. No time limit of a run is
//!   kept here; the caller cancels.
//!
//! All functions block for some milliseconds of file access (`find` for the start of a JVM), except
//! [`LocalProcesses::cancel`], which waits without blocking. Call them from a blocking thread.

mod attempt;
mod attempt_log;
mod cluster;
mod error;
mod executor_log;
mod exit_reason;
mod expectations;
mod host;
mod install;
mod java;
mod kubernetes;
mod local;
mod log_copy;
mod module_options;
mod own_process;
mod process;
mod properties;
mod standalone;
mod yarn;

pub use attempt::{Intent, LocalProcesses, Outcome, Status, Trace};
pub use attempt_log::{AttemptLog, LogLine, LogMatches, LogPage};
pub use cluster::{Cluster, Identity, Target};
pub use error::Error;
pub use executor_log::{ExecutorLog, ToldExecutor};
pub use exit_reason::{ExitCategory, ExitReason};
pub use expectations::ExpectationResult;
pub use host::Host;
pub use install::{RejectedHome, SparkInstall, SparkInstalls};
pub use java::Java;
pub use kubernetes::{
    ApplicationSchedule, DriverChange, DriverWatch, FailureReason, KubernetesAccess,
    KubernetesApplication, KubernetesAttempt, KubernetesCluster, KubernetesDriver, KubernetesError,
    KubernetesIntent, KubernetesRequest, KubernetesRuns, KubernetesStatus, KubernetesTarget,
    KubernetesTrace, PendingReason, Placement, PodLog, SecretValue, SparkApplication,
};
pub use local::{Launch, Launched, Listener, LocalSpark, Program, SparkImage};
pub use module_options::java_module_options;
pub use own_process::OwnProcess;
pub use standalone::{
    ClusterApplication, ClusterDriver, ClusterWorker, DriverRequest, DriverState, DriverStatus,
    StandaloneAddress, StandaloneCluster, StandaloneDriver, StandaloneMaster, StandaloneTarget,
};
pub use yarn::{Submission, YarnAddress, YarnApplication, YarnCluster, YarnReport, YarnTarget};
