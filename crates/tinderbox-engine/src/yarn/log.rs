//! Logs of drivers and executors in containers of YARN. Sources: `NMWebServices` and `HsWebServices` of Hadoop 3.3, and
//! `LogToolUtils.outputContainerLog` for the form of their answers.

use super::attempt::target_of;
use super::hadoop::Hadoop;
use super::resource_manager::read;
use super::{YarnApplication, YarnCluster, YarnReport};
use crate::error::chain;
use crate::executor_log::Place;
use crate::log_copy::{LogCopy, LogRange, PIECE, Places};
use crate::{AttemptLog, Error, ExecutorLog, Status, ToldExecutor};
use reqwest::StatusCode;
use std::fs;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

/// Of a log that has grown by more since the last look, the beginning is left out.
const MOST: u64 = 32 << 20;
const STREAMS: [&str; 2] = ["stdout", "stderr"];
const SUBMISSION: &str = "submission.log";

impl YarnCluster {
    /// What `spark-submit` printed comes first, then what the driver prints.
    pub(crate) async fn copy_log(
        &self,
        application: &YarnApplication,
        hidden: &[String],
    ) -> Result<(), Error> {
        let copy = AttemptLog::driver_path(&application.intent.directory);
        copy_submission(application, &mut LogCopy::open(copy.clone())?, hidden)?;
        let Some(report) = self.report(application).await? else { return Ok(()) };
        let is_over = report.status().is_final();
        let copied = match Container::of(&report) {
            Some(container) => self.copy_container(&container, is_over, copy, hidden).await,
            None => Ok(()),
        };
        if is_over {
            fetch_events(application, &report).await?;
        }
        copied
    }

    /// Those of `told` whose containers are on nodes that the ResourceManager names.
    pub(crate) async fn executor_logs(
        &self,
        told: &[ToldExecutor],
    ) -> Result<Vec<ExecutorLog>, Error> {
        let nodes = self.nodes().await?;
        let found = told.iter().filter_map(|executor| {
            let container = executor.logs.iter().find_map(|url| Container::at(url))?;
            let is_known = nodes.iter().any(|node| container.is_on(node));
            is_known.then(|| ExecutorLog::of(executor, Place::Container(container)))
        });
        Ok(found.collect())
    }

    pub(crate) async fn copy_container(
        &self,
        container: &Container,
        is_over: bool,
        copy: PathBuf,
        hidden: &[String],
    ) -> Result<(), Error> {
        let mut copy = LogCopy::open(copy)?;
        for name in STREAMS {
            let from = copy.at(name);
            let Some(piece) = self.piece(container, name, from).await? else { continue };
            copy.append(name, &piece, is_over && piece.end >= piece.size, hidden)?;
        }
        Ok(())
    }

    /// What a log has behind `from`: from the node while it has it, then from the server that has it afterwards.
    async fn piece(
        &self,
        container: &Container,
        name: &str,
        from: u64,
    ) -> Result<Option<LogRange>, Error> {
        let Container { node, id } = container;
        let mut problem = None;
        for server in [Some(node.as_str()), self.address.logs.as_deref()].into_iter().flatten() {
            let url = format!("{server}/containerlogs/{id}/{name}");
            let mut asked = PIECE;
            // Once more when the log is longer than what was asked for.
            for _ in 0..2 {
                match self.end_of(&url, asked).await {
                    Ok(Some(end)) if end.start() > from && asked < MOST => {
                        asked = (end.size - from + PIECE).min(MOST);
                    }
                    Ok(Some(end)) => return Ok(end.behind(from)),
                    Ok(None) => break,
                    Err(error) => {
                        problem = Some(error);
                        break;
                    }
                }
            }
        }
        match problem {
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    /// The last bytes of a log, at most `most`; `None` where the server does not have it.
    async fn end_of(&self, url: &str, most: u64) -> Result<Option<EndOfLog>, Error> {
        let failed = |error: reqwest::Error| Error::Unreachable {
            server: url.to_owned(),
            problem: chain(&error.without_url()),
        };
        let mut request = self.client.get(url).query(&[("size", format!("-{most}"))]);
        if let Some(user) = &self.address.user {
            request = request.query(&[("user.name", user)]);
        }
        let response = request.send().await.map_err(failed)?;
        let status = response.status();
        let body = read(response).await.map_err(failed)?;
        if status == StatusCode::NOT_FOUND || status.is_server_error() {
            return Ok(None);
        }
        if !status.is_success() {
            let problem = format!("HTTP status {status}");
            return Err(Error::Refused { server: url.to_owned(), problem });
        }
        Ok(EndOfLog::read(&body, most))
    }
}

/// A container that has a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    /// Web services of its node: `http://HOST:8042/ws/v1/node`.
    node: String,
    id: String,
}

impl Container {
    /// The driver's.
    fn of(report: &YarnReport) -> Option<Self> {
        Self::at(report.am_container_logs.as_deref()?)
    }

    /// From `http://HOST:8042/node/containerlogs/container_1_0001_01_000001/USER`; those of executors go on with
    /// `/stdout?start=-4096` (`org.apache.spark.util.YarnContainerInfoHelper`).
    fn at(url: &str) -> Option<Self> {
        let (node, rest) = url.split_once("/node/containerlogs/")?;
        let id = rest.split('/').next().filter(|id| id.starts_with("container_"))?;
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_plain.then(|| Self { node: format!("{node}/ws/v1/node"), id: id.to_owned() })
    }

    /// Whether its address is that of a node, `HOST:PORT`.
    fn is_on(&self, node: &str) -> bool {
        let address = self.node.split_once("://").map_or("", |(_, address)| address);
        address.strip_suffix("/ws/v1/node") == Some(node)
    }
}

/// The end of a log, as it is at this moment.
struct EndOfLog {
    bytes: Vec<u8>,
    size: u64,
}

impl EndOfLog {
    /// A head whose last lines are `LogLength:123` and `LogContents:`, the bytes, and a line that says that they end.
    /// Hadoop 2 gives the whole log and nothing else.
    fn read(body: &[u8], most: u64) -> Option<Self> {
        let contents = b"\nLogContents:\n";
        let Some(at) = body.windows(contents.len()).position(|window| window == contents) else {
            // A log that is still empty has a head without contents.
            let is_head = body.windows(8).any(|window| window == b"LogType:");
            let bytes = if is_head { Vec::new() } else { body.to_vec() };
            let size = bytes.len() as u64;
            return Some(Self { bytes, size });
        };
        let head = String::from_utf8_lossy(&body[..at]);
        let length = head.lines().rev().find_map(|line| line.strip_prefix("LogLength:"))?;
        let size: u64 = length.trim().parse().ok()?;
        let bytes = &body[at + contents.len()..];
        let length = usize::try_from(size.min(most)).unwrap_or(usize::MAX).min(bytes.len());
        Some(Self { bytes: bytes[..length].to_vec(), size })
    }

    fn start(&self) -> u64 {
        self.size.saturating_sub(self.bytes.len() as u64)
    }

    /// What is behind `from`, as far as it is here.
    fn behind(self, from: u64) -> Option<LogRange> {
        let skipped = usize::try_from(from.saturating_sub(self.start())).unwrap_or(usize::MAX);
        let bytes = self.bytes.get(skipped..).filter(|bytes| !bytes.is_empty())?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        Some(LogRange { text, end: self.size, size: self.size })
    }
}

/// What `spark-submit` printed, once it has ended.
fn copy_submission(
    application: &YarnApplication,
    copy: &mut LogCopy<Places>,
    hidden: &[String],
) -> Result<(), Error> {
    if application.processes().status()? == Status::Running {
        return Ok(());
    }
    let path = application.intent.file(SUBMISSION);
    let failed = |source| Error::Read { path: path.clone(), source };
    let mut file = match fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let size = file.metadata().map_err(failed)?.len();
    let from = copy.at(SUBMISSION).max(size.saturating_sub(MOST));
    file.seek(SeekFrom::Start(from)).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).map_err(failed)?;
    let end = from + bytes.len() as u64;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    copy.append(SUBMISSION, &LogRange { text, end, size: end }, true, hidden).map(drop)
}

/// Brings the event log of an application that is over from the cluster's file system into the attempt's folder.
async fn fetch_events(application: &YarnApplication, report: &YarnReport) -> Result<(), Error> {
    let intent = &application.intent;
    let target = target_of(intent)?;
    let Some(place) = target.event_logs.as_ref().filter(|_| !target.shares_files()) else {
        return Ok(());
    };
    let folder = intent.file("eventlog");
    let is_here = fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
    if is_here {
        return Ok(());
    }
    let hadoop = Hadoop::read(&intent.directory)?;
    // `application_1_0001_1`, or a folder `eventlog_v2_application_1_0001_1`; perhaps with `.inprogress` behind.
    let wanted = format!("{place}/*{}*", report.id);
    hadoop.fetch(target, &wanted, &folder).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a NodeManager 3.3.6 answers.
    const ANSWER: &str = "Container: container_1795741690220_0007_01_000001 on localhost:28041\nLogAggregationType: LOCAL\n\
        ====================================================================\nLogType:stderr\n\
        LogLastModifiedTime:Fri Nov 27 01:12:57 +0000 2026\nLogLength:13\nLogContents:\nline\nthe end\n\n\
        End of LogType:stderr.This log file belongs to a running container (container_1795741690220_0007_01_000001) and so may not be complete.\n\
        ***********************************************************************\n\n\n";

    #[test]
    fn logs_of_nodes_are_read_from_any_place() {
        let whole = EndOfLog::read(ANSWER.as_bytes(), 1000).expect("an end");
        assert_eq!((whole.start(), whole.size), (0, 13));
        let piece = whole.behind(5).expect("more");
        assert_eq!((piece.text.as_str(), piece.end), ("the end\n", 13));
        // Three bytes of 13 were asked for.
        let cut = ANSWER.replace("line\nthe end\n\n", "nd\n\n");
        let end = EndOfLog::read(cut.as_bytes(), 3).expect("an end");
        assert_eq!((end.start(), end.bytes.as_slice()), (10, "nd\n".as_bytes()));
        assert!(EndOfLog::read(ANSWER.as_bytes(), 1000).expect("an end").behind(13).is_none());
        let raw = EndOfLog::read(b"only the log\n", 1000).expect("an end");
        assert_eq!((raw.start(), raw.size), (0, 13));
    }

    #[test]
    fn containers_are_found_by_the_page_of_their_logs() {
        let mut report = YarnReport {
            id: "application_1_0001".to_owned(),
            state: "RUNNING".to_owned(),
            final_status: String::new(),
            diagnostics: String::new(),
            am_container_logs: Some(
                "http://node-1:8042/node/containerlogs/container_1_0001_01_000001/etl".to_owned(),
            ),
        };
        let container = Container::of(&report).expect("one");
        assert_eq!(container.node, "http://node-1:8042/ws/v1/node");
        assert_eq!(container.id, "container_1_0001_01_000001");
        report.am_container_logs = None;
        assert!(Container::of(&report).is_none());
    }
}
