//! Attempts on a fake YARN: every state, every end, and who dies at which instruction.

use crate::bench::{processes_of, wait_until};
use crate::yarn_bench::{FakeYarn, ID, Lake, cluster_at};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tinderbox_engine::{
    Error, ExitCategory, ExitReason, Identity, Outcome, Status, Trace, YarnAddress,
};

const SECONDS_10: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(5);
/// Ends when the file `go` is there, with its content as exit code, and says what it was started with.
const UNTIL_GO: &str = "#!/bin/sh\necho \"properties: $2\"\nenv | sort\nfolder=$(dirname \"$2\")\n\
    cp \"$2\" \"$folder/seen\"\nwhile [ ! -e \"$folder/go\" ]; do sleep 0.05; done\nexit $(cat \"$folder/go\")\n";

fn ends_at_once(code: u32, says: &str) -> String {
    format!("#!/bin/sh\ncat <<'EOF'\n{says}\nEOF\nexit {code}\n")
}

fn go(identity: &Identity, code: u32) {
    let folder = &identity.intent().directory;
    // The number must be there when the file is.
    fs::write(folder.join("go.new"), code.to_string()).expect("a file");
    fs::rename(folder.join("go.new"), folder.join("go")).expect("renamed");
    wait_until("spark-submit ends", SECONDS_10, || folder.join("exit_code").exists());
}

fn long_ago(path: &Path) {
    let file = fs::File::options().write(true).open(path).expect("a file");
    file.set_modified(SystemTime::now() - Duration::from_secs(600)).expect("a time");
}

fn log_of(identity: &Identity) -> String {
    identity.intent().driver_log().page(0, 1 << 22).expect("a log").text
}

#[tokio::test]
async fn rows_9_3_and_9_13_an_attempt_is_followed_from_its_submission_to_its_end() {
    let lake = Lake::with_submit(UNTIL_GO);
    let intent = lake.intent("followed");
    assert_eq!(lake.cluster.find(&intent).await.expect("a trace"), Trace::NotLaunched);
    lake.cluster.answers().await.expect("it is there");
    let identity = lake.submit(&intent).expect("submitted").identity;
    let again = lake.submit(&intent);
    assert!(matches!(again, Err(Error::AlreadyLaunched { .. })), "{again:?}");
    assert_eq!(
        lake.cluster.find(&intent).await.expect("a trace"),
        Trace::Started(identity.clone())
    );
    let stored = serde_json::to_string(&identity).expect("JSON");
    assert_eq!(serde_json::from_str::<Identity>(&stored).expect("the same"), identity);

    let status = async || lake.cluster.status(&identity).await.expect("a status");
    assert_eq!(status().await, Status::Waiting { reason: None }, "it is on its way");
    lake.yarn.says("ACCEPTED", "UNDEFINED", "[now] The queue is full.  Details : 1 of 1 ;");
    let full = Status::Waiting { reason: Some("The queue is full.".to_owned()) };
    assert_eq!(status().await, full);
    go(&identity, 0);
    lake.yarn.says("RUNNING", "UNDEFINED", "");
    assert_eq!(status().await, Status::Running);
    lake.yarn.says("FINISHED", "SUCCEEDED", "");
    let ended = status().await;
    assert_eq!(ended.exit_code(), Some(0), "{ended:?}");
    let folder = &intent.directory;
    let held = folder.join("submission.properties");
    assert_eq!(fs::metadata(&held).expect("a file").len(), 0, "what holds secrets is empty");
    lake.cluster.clean_up(&identity).await.expect("cleaned");
    assert!(!held.exists());

    let tag = format!("tinderbox-{}", intent.marker.replace('/', "-").to_ascii_lowercase());
    let asked = lake.yarn.known().asked.join("\n");
    assert!(asked.contains(&format!("apps?applicationTags={tag}&")), "{asked}");
    assert!(asked.contains("user.name=etl"), "{asked}");
    let seen = fs::read_to_string(folder.join("seen")).expect("properties");
    assert!(seen.contains(&format!("spark.yarn.tags={tag}\n")), "{seen}");
    assert!(
        seen.contains("spark.yarn.appMasterEnv.TINDERBOX_INGEST_TOKEN=ingest-only\n"),
        "{seen}"
    );
    let shown = fs::read_to_string(folder.join("spark.properties")).expect("properties");
    assert!(!shown.contains("ingest-only"), "{shown}");
    let printed = fs::read_to_string(folder.join("submission.log")).expect("a log");
    let conf = lake.bench.root.join("conf").display().to_string();
    assert!(printed.contains(&format!("HADOOP_CONF_DIR={conf}\n")), "{printed}");
    assert!(printed.contains("HTTP_PROXY=proxy\n"), "{printed}");
}

#[tokio::test]
async fn row_9_15_a_submission_that_fails_is_over_at_once_and_says_why() {
    let says = "26/11/27 01:09:11 INFO Client: Setting up\nException in thread \"main\" java.lang.IllegalArgumentException: Required AM memory (20480+2048 MB) is above the max threshold (6144 MB) of this cluster!\n\tat org.apache.spark.deploy.yarn.Client.verifyClusterResources(Client.scala:419)";
    let lake = Lake::with_submit(&ends_at_once(1, says));
    let identity = lake.submitted("refused");
    let folder = identity.intent().directory.clone();
    wait_until("spark-submit ends", SECONDS_10, || folder.join("exit_code").exists());
    assert_eq!(lake.cluster.status(&identity).await.expect("a status"), Status::Exited { code: 1 });
    lake.cluster.copy_log(&identity, &["20480".to_owned()]).await.expect("a log");
    assert!(log_of(&identity).contains("Required AM memory (*********(redacted)+2048 MB)"));
    lake.cluster.copy_log(&identity, &[]).await.expect("the same");
    let reason = ExitReason::read(&identity.intent().driver_log(), 1, false).expect("a reason");
    assert_eq!(reason.category, ExitCategory::Submission);
    assert!(reason.message.starts_with("java.lang.IllegalArgumentException: Required AM memory"));
}

/// Its question may still be on its way to YARN.
#[tokio::test]
async fn a_submission_that_lost_yarn_is_undecided_until_nothing_can_arrive_any_more() {
    let says = "Exception in thread \"main\" java.net.SocketTimeoutException: Call From edge to rm-1:8032 failed";
    let lake = Lake::with_submit(&ends_at_once(1, says));
    let identity = lake.submitted("lost");
    let folder = identity.intent().directory.clone();
    wait_until("spark-submit ends", SECONDS_10, || folder.join("exit_code").exists());
    let undecided = lake.cluster.status(&identity).await;
    assert!(matches!(undecided, Err(Error::Undecided { .. })), "{undecided:?}");
    // It has arrived.
    lake.yarn.says("RUNNING", "UNDEFINED", "");
    assert_eq!(lake.cluster.status(&identity).await.expect("a status"), Status::Running);

    let identity = {
        lake.yarn.known().application = None;
        lake.submitted("lost-for-good")
    };
    let folder = identity.intent().directory.clone();
    wait_until("spark-submit ends", SECONDS_10, || folder.join("exit_code").exists());
    long_ago(&folder.join("exit_code"));
    assert_eq!(lake.cluster.status(&identity).await.expect("a status"), Status::Exited { code: 1 });
}

#[tokio::test]
async fn a_killed_submission_is_looked_for_by_its_tag_and_never_repeated() {
    let lake = Lake::with_submit(UNTIL_GO);
    let intent = lake.intent("killed");
    let identity = lake.submit(&intent).expect("submitted").identity;
    // Supervisor and spark-submit, as when the machine goes down; the launcher is gone too.
    wait_until("both run", SECONDS_10, || processes_of(&intent).len() >= 2);
    wait_until("none is left", SECONDS_10, || {
        let left = processes_of(&intent);
        for pid in &left {
            // It may have ended since.
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        left.is_empty()
    });
    assert_eq!(
        lake.cluster.find(&intent).await.expect("a trace"),
        Trace::Started(identity.clone())
    );
    let undecided = lake.cluster.status(&identity).await;
    let Err(Error::Undecided { why }) = &undecided else { panic!("{undecided:?}") };
    assert!(why.contains("cut short"), "{why}");
    long_ago(&intent.directory.join("gone"));
    assert_eq!(lake.cluster.status(&identity).await.expect("a status"), Status::Vanished);
    lake.yarn.says("FINISHED", "SUCCEEDED", "");
    let ended = lake.cluster.status(&identity).await.expect("a status");
    assert_eq!(ended.exit_code(), Some(0), "YARN knows better");
    let again = lake.submit(&intent);
    assert!(matches!(again, Err(Error::AlreadyLaunched { .. })), "{again:?}");
    lake.cluster.clean_up(&identity).await.expect("cleaned");
    assert!(!intent.directory.join("submission.properties").exists());
}

#[tokio::test]
async fn a_launch_that_was_cut_short_before_spark_submit_never_starts() {
    let lake = Lake::with_submit(UNTIL_GO);
    let intent = lake.intent("cut");
    fs::create_dir_all(&intent.directory).expect("a folder");
    fs::write(intent.directory.join("launched"), "").expect("a file");
    assert_eq!(lake.cluster.find(&intent).await.expect("a trace"), Trace::NeverStarted);
    assert_eq!(lake.yarn.known().asked, Vec::<String>::new());
}

#[tokio::test]
async fn row_9_19_a_running_application_is_killed_on_demand() {
    let lake = Lake::with_submit(&ends_at_once(0, "accepted"));
    let identity = lake.submitted("cancelled");
    lake.yarn.says("RUNNING", "UNDEFINED", "");
    let ended = lake.cluster.cancel(&identity, GRACE).await.expect("ended");
    assert!(matches!(ended, Status::Ended { outcome: Outcome::Killed, .. }), "{ended:?}");
    assert!(identity.intent().was_cancelled());
    let asked = lake.yarn.known().asked.join("\n");
    let put = format!(
        "PUT /ws/v1/cluster/apps/{ID}/state?user.name=etl HTTP/1.1 {{\"state\":\"KILLED\"}}"
    );
    assert!(asked.contains(&put), "{asked}");
    assert_eq!(lake.cluster.cancel(&identity, GRACE).await.expect("harmless"), ended);
}

/// A REST interface that lets everybody read and nobody end: a client of Hadoop does it.
#[tokio::test]
async fn where_the_rest_interface_refuses_hadoops_client_ends_it() {
    let lake = Lake::with_submit(&ends_at_once(0, "accepted"));
    let note = lake.bench.root.join("killed");
    let java = format!(
        "#!/bin/sh\n[ \"$1\" = -version ] && exec echo 'openjdk version \"17.0.15\"' >&2\n\
         echo \"$3 $4 $5 $6 as $HADOOP_USER_NAME with $HADOOP_CONF_DIR\" >'{}'\n",
        note.display()
    );
    fs::write(lake.bench.root.join("java/bin/java"), java).expect("a file");
    let identity = lake.submitted("refused");
    lake.yarn.says("RUNNING", "UNDEFINED", "");
    lake.yarn.known().refuses = 403;
    let cancelled = lake.cluster.cancel(&identity, GRACE);
    let killed = async {
        while !note.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        lake.yarn.says("KILLED", "KILLED", "");
    };
    let (ended, ()) = tokio::time::timeout(SECONDS_10, async { tokio::join!(cancelled, killed) })
        .await
        .expect("it is killed");
    assert!(matches!(ended, Ok(Status::Ended { outcome: Outcome::Killed, .. })), "{ended:?}");
    let said = fs::read_to_string(&note).expect("a note");
    let conf = lake.bench.root.join("conf").display().to_string();
    let expected = format!(
        "org.apache.hadoop.yarn.client.cli.ApplicationCLI application -kill {ID} as etl with {conf}\n"
    );
    assert_eq!(said, expected);

    // And where it does not either, both say why.
    let java = "#!/bin/sh\n[ \"$1\" = -version ] && exec echo 'openjdk version \"17.0.15\"' >&2\n\
                echo 'User etl cannot perform operation MODIFY_APP' >&2\nexit 255\n";
    fs::write(lake.bench.root.join("java/bin/java"), java).expect("a file");
    lake.yarn.says("RUNNING", "UNDEFINED", "");
    let refused = lake.cluster.cancel(&identity, GRACE).await.expect_err("refused").to_string();
    assert!(refused.contains("static user cannot carry out"), "{refused}");
    assert!(refused.contains("cannot perform operation MODIFY_APP"), "{refused}");
}

#[tokio::test]
async fn an_attempt_is_cancelled_before_yarn_has_heard_of_it_and_while_it_hears() {
    let lake = Lake::with_submit(UNTIL_GO);
    let identity = lake.submitted("early");
    let intent = identity.intent();
    wait_until("both run", SECONDS_10, || processes_of(intent).len() >= 2);
    let ended = lake.cluster.cancel(&identity, GRACE).await.expect("ended");
    assert_eq!(ended, Status::Exited { code: 143 });
    assert!(intent.was_cancelled() && processes_of(intent).is_empty());

    let identity = lake.submitted("late");
    let intent = identity.intent();
    wait_until("both run", SECONDS_10, || processes_of(intent).len() >= 2);
    let arrives = async {
        while !processes_of(intent).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        lake.yarn.says("ACCEPTED", "UNDEFINED", "");
    };
    let (ended, ()) = tokio::join!(lake.cluster.cancel(&identity, GRACE), arrives);
    let ended = ended.expect("ended");
    assert!(matches!(ended, Status::Ended { outcome: Outcome::Killed, .. }), "{ended:?}");
}

#[tokio::test]
async fn row_9_15_a_cluster_that_is_away_stands_by_or_has_forgotten() {
    let lake = Lake::with_submit(&ends_at_once(0, "accepted"));
    let identity = lake.submitted("away");
    lake.yarn.says("RUNNING", "UNDEFINED", "");
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let nowhere = format!("http://{}", nobody.local_addr().expect("bound"));
    drop(nobody);
    let at = |managers: &[&str]| YarnAddress {
        resource_managers: managers.iter().map(|&one| one.to_owned()).collect(),
        ..lake.target.address.clone()
    };
    let away = cluster_at(&at(&[&nowhere]));
    assert!(matches!(away.answers().await, Err(Error::Unreachable { .. })));
    let status = away.status(&identity).await;
    assert!(matches!(status, Err(Error::Unreachable { .. })), "{status:?}");
    // One is away, one stands by, one is active.
    let standby = StandsBy::start();
    let three = cluster_at(&at(&[&nowhere, &standby, &lake.yarn.url]));
    assert_eq!(three.status(&identity).await.expect("a status"), Status::Running);
    let two = cluster_at(&at(&[&nowhere, &standby]));
    let said = two.status(&identity).await.expect_err("nobody is active").to_string();
    assert!(said.contains("This is standby RM"), "{said}");

    lake.yarn.known().has_forgotten = true;
    wait_until("spark-submit is gone", SECONDS_10, || {
        identity.intent().directory.join("exit_code").exists()
    });
    assert_eq!(lake.cluster.status(&identity).await.expect("a status"), Status::Vanished);
}

struct StandsBy;

impl StandsBy {
    /// Answers as `RMWebAppFilter` of a ResourceManager that knows of no active one.
    fn start() -> String {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 4096]);
                let text = "This is standby RM. The redirect url is: /ws/v1/cluster/info\n";
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close",
                    text.len()
                );
                let _ = stream.write_all(format!("{head}\r\n\r\n{text}").as_bytes());
            }
        });
        url
    }
}

#[tokio::test]
async fn row_6_9_the_drivers_log_follows_what_spark_submit_printed() {
    let lake = Lake::with_submit(&ends_at_once(0, "Submitted application"));
    let identity = lake.submitted("logs");
    wait_until("spark-submit ends", SECONDS_10, || {
        processes_of(identity.intent()).is_empty()
            && identity.intent().directory.join("exit_code").exists()
    });
    let copied = async || {
        lake.cluster.copy_log(&identity, &["hunter2".to_owned()]).await.expect("a log");
        log_of(&identity)
    };
    assert_eq!(copied().await, "Submitted application\n");
    lake.yarn.says("RUNNING", "UNDEFINED", "");
    let logs = |stdout: &str, stderr: &str| {
        let logs = [("stdout", stdout), ("stderr", stderr)];
        lake.yarn.known().logs =
            logs.into_iter().map(|(name, log)| (name.to_owned(), log.to_owned())).collect();
    };
    logs("key hunter2\nhalf a l", "INFO one\n");
    let first = "Submitted application\nkey *********(redacted)\nINFO one\n";
    assert_eq!(copied().await, first);
    assert_eq!(copied().await, first, "nothing is copied twice");
    // More than is asked for at once.
    let much = "0123456789abcdef".repeat(100_000);
    logs(&format!("key hunter2\nhalf a line\n{much}\nend"), "INFO one\nINFO two\n");
    lake.yarn.says("FINISHED", "FAILED", "User application exited with status 1");
    let last = copied().await;
    assert!(last == format!("{first}half a line\n{much}\nend\nINFO two\n"), "{} bytes", last.len());
}

#[tokio::test]
async fn event_logs_on_the_clusters_file_system_are_brought_here_at_the_end() {
    let mut lake = Lake::with_submit(&ends_at_once(0, "accepted"));
    lake.target.event_logs = Some("hdfs:///spark-logs".to_owned());
    let java = "#!/bin/sh\n[ \"$1\" = -version ] && exec echo 'openjdk version \"17.0.15\"' >&2\n\
                echo \"$3 $4 $5 $6\" >\"$7/application_1795741690220_0001_1\"\n";
    fs::write(lake.bench.root.join("java/bin/java"), java).expect("a file");
    let identity = lake.submitted("events");
    let seen = identity.intent().directory.join("spark.properties");
    let seen = fs::read_to_string(seen).expect("properties");
    assert!(seen.contains("spark.eventLog.dir=hdfs:///spark-logs\n"), "{seen}");
    let fetched = identity.intent().shared_folder().join(format!("eventlog/{ID}_1"));
    lake.yarn.says("RUNNING", "UNDEFINED", "");
    lake.cluster.copy_log(&identity, &[]).await.expect("a log");
    assert!(!fetched.exists());
    lake.yarn.says("FINISHED", "SUCCEEDED", "");
    lake.cluster.copy_log(&identity, &[]).await.expect("a log");
    let said = fs::read_to_string(fetched).expect("an event log");
    assert_eq!(said, format!("org.apache.hadoop.fs.FsShell -get -f hdfs:///spark-logs/*{ID}*\n"));
}

/// What a NodeManager no longer has, the server of aggregated logs has.
#[tokio::test]
async fn logs_that_have_left_their_node_come_from_the_server_that_has_them() {
    let history = FakeYarn::start();
    history.known().logs.insert("stdout".to_owned(), "all of it\n".to_owned());
    let lake = Lake::with_submit(&ends_at_once(0, "accepted"));
    let identity = lake.submitted("aggregated");
    lake.yarn.says("FINISHED", "SUCCEEDED", "");
    let address = YarnAddress {
        logs: Some(format!("{}/history", history.url)),
        ..lake.target.address.clone()
    };
    wait_until("spark-submit ends", SECONDS_10, || processes_of(identity.intent()).is_empty());
    cluster_at(&address).copy_log(&identity, &[]).await.expect("a log");
    assert_eq!(log_of(&identity), "accepted\nall of it\n");
}
