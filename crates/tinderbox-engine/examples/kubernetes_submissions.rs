//! How many submissions a second are accepted and confirmed: `kubernetes_submissions SECONDS [AT_ONCE]`.
//! Against the test cluster on loopback, in this process, whose pods wait for an image that does not exist. Each
//! submission is counted when the server has confirmed its last object, and at the end all
//! objects that should be there are counted. Prints one JSON object.

use serde_json::json;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tinderbox_engine::{
    Error, KubernetesAccess, KubernetesApplication, KubernetesCluster, KubernetesIntent,
    KubernetesRequest,
};
use tinderbox_model::{AttemptNumber, SparkVersion};
use tinderbox_testcluster::{Config, TestCluster};

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map_while(|argument| argument.parse::<u64>().ok());
    let (seconds, at_once) = (arguments.next().unwrap_or(60), arguments.next().unwrap_or(8));
    match measure(Duration::from_secs(seconds), at_once).await {
        Ok(line) => {
            #[expect(clippy::print_stdout, reason = "it is the answer")]
            {
                println!("{line}");
            }
            ExitCode::SUCCESS
        }
        Err(problem) => {
            #[expect(clippy::print_stderr, reason = "it is the answer")]
            {
                eprintln!("error: {problem}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn measure(time: Duration, at_once: u64) -> Result<String, String> {
    // Another provider may be there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cluster = TestCluster::start(Config::default()).map_err(|error| error.to_string())?;
    let access =
        KubernetesAccess::Address { server: cluster.url(), token_file: None, ca_file: None };
    let kubernetes = KubernetesCluster::new(&access).await.map_err(|error| error.to_string())?;
    let version = SparkVersion::parse("4.3.0").ok_or("no version")?;
    let application = KubernetesApplication::Python { file: "local:///opt/app/app.py".to_owned() };
    let request = Arc::new(KubernetesRequest::new("default", "none:1", version, application));
    let next = Arc::new(AtomicU32::new(0));
    let began = Instant::now();
    let mut workers = Vec::new();
    for _ in 0..at_once {
        let (kubernetes, request, next) = (kubernetes.clone(), request.clone(), next.clone());
        workers.push(tokio::spawn(async move {
            while began.elapsed() < time {
                let run = format!("bench-{}", next.fetch_add(1, Ordering::Relaxed));
                let intent =
                    KubernetesIntent::new("default", &run.as_str().into(), AttemptNumber(1), 0);
                kubernetes.submit(&intent, &request).await?;
            }
            Ok::<(), Error>(())
        }));
    }
    for worker in workers {
        worker.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
    }
    let took = began.elapsed().as_secs_f64();
    let submitted = next.load(Ordering::Relaxed);
    for plural in ["pods", "services", "networkpolicies", "configmaps"] {
        let there = cluster.list(plural, "default").len();
        if there != submitted as usize {
            return Err(format!("{submitted} were submitted and there are {there} {plural}"));
        }
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let peak_kb = peak.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default();
    let result = json!({
        "submissions": submitted, "at_once": at_once, "seconds": took, "per_second": f64::from(submitted) / took,
        "peak_mb": peak_kb / 1024.0,
    });
    Ok(result.to_string())
}
