//! An attempt on YARN: found again, followed, ended.

use super::hadoop::Hadoop;
use super::{YarnApplication, YarnCluster, YarnReport, YarnTarget, tag};
use crate::attempt::{Outcome, write_new};
use crate::cluster::{Target, on_thread};
use crate::{Error, Intent, Status, Trace};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

/// How long after the end of a `spark-submit` YARN may still hear of it: the kernel repeats what was not acknowledged at
/// growing distances up to 120 s (RFC 6298, 2.5 and Linux' TCP_RTO_MAX).
const SETTLED: Duration = Duration::from_secs(150);
/// The same when it was ended here, and the cluster has answered since: its network works.
const LATE: Duration = Duration::from_secs(5);
/// How long an application may take to end: NodeManagers give containers 250 ms, then kill them.
const ENDS: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(250);
/// How long a `spark-submit` whose application is over may need to end itself.
const CLOSES: Duration = Duration::from_secs(10);
/// Of the end of a `spark-submit`'s log so much is looked at.
const TAIL: usize = 16 * 1024;

impl YarnCluster {
    pub(crate) async fn find(&self, intent: &Intent) -> Result<Trace<YarnApplication>, Error> {
        // Nobody but its `spark-submit` brings it there, so that is what can be found; what came of it is its status.
        let wanted = intent.clone();
        let trace = on_thread(move || wanted.find()).await?;
        Ok(trace.map(|processes| YarnApplication {
            intent: intent.clone(),
            submission: super::Submission {
                pid: processes.pid,
                started_ticks: processes.started_ticks,
            },
        }))
    }

    pub(crate) async fn status_of(&self, application: &YarnApplication) -> Result<Status, Error> {
        // First the process: what ended before YARN was asked has nothing more to say to it.
        let processes = application.processes();
        let submission = on_thread(move || processes.status()).await?;
        if let Some(report) = self.report(application).await? {
            return Ok(report.status());
        }
        match submission {
            Status::Exited { code: 0 } => Ok(Status::Vanished),
            Status::Exited { code } => {
                if code < 128 && !ended_by_network(application) {
                    return Ok(Status::Exited { code });
                }
                let since = modified(&application.intent, "exit_code")?;
                self.settle(since, Status::Exited { code })
            }
            Status::Vanished => self.settle(gone_since(application)?, Status::Vanished),
            // It is on its way.
            _ => Ok(Status::Waiting { reason: None }),
        }
    }

    pub(crate) async fn cancel(
        &self,
        application: &YarnApplication,
        grace: Duration,
    ) -> Result<Status, Error> {
        if let Some(report) = self.report(application).await? {
            return self.end(application, report).await;
        }
        let status = self.status_of(application).await?;
        if status.is_final() {
            return Ok(status);
        }
        // Its end says nothing yet: YARN may have heard of it in the last moment.
        let ended = application.processes().cancel(grace).await?;
        let limit = Instant::now() + LATE;
        while Instant::now() < limit {
            if let Some(report) = self.report(application).await? {
                return self.end(application, report).await;
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(ended)
    }

    async fn end(
        &self,
        application: &YarnApplication,
        report: YarnReport,
    ) -> Result<Status, Error> {
        let (id, status) = (report.id.clone(), report.status());
        if status.is_final() {
            return Ok(status);
        }
        application.intent.note_cancelled();
        match self.kill(&id).await {
            // Reading is often allowed to everybody and ending to nobody: it is asked for as a client of Hadoop does.
            Err(Error::Refused { server, problem }) => {
                let hadoop = Hadoop::read(&application.intent.directory)?;
                hadoop.kill(target_of(&application.intent)?, &id).await.map_err(|error| {
                    let problem = format!(
                        "{problem}; and Hadoop's own client: {}",
                        crate::error::chain(&error)
                    );
                    Error::Refused { server, problem }
                })?;
            }
            asked => asked?,
        }
        let limit = Instant::now() + ENDS;
        loop {
            match self.application(&id).await?.map(|report| report.status()) {
                None => return Ok(Status::Ended { outcome: Outcome::Killed, message: None }),
                Some(status) if status.is_final() => return Ok(status),
                Some(_) if Instant::now() >= limit => {
                    return Err(Error::StillThere { server: self.server(), what: id });
                }
                Some(_) => tokio::time::sleep(POLL).await,
            }
        }
    }

    /// What YARN knows of an attempt. Its id, once known, is kept: a look at one application costs YARN less than a search.
    pub(super) async fn report(
        &self,
        application: &YarnApplication,
    ) -> Result<Option<YarnReport>, Error> {
        let place = application.intent.file("application");
        match fs::read_to_string(&place) {
            Ok(id) => return self.application(&id).await,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Read { path: place, source }),
        }
        let Some(report) = self.tagged(&tag(&application.intent)).await? else { return Ok(None) };
        let written = application.intent.file("application.new");
        let failed = |source| Error::Write { path: place.clone(), source };
        fs::write(&written, &report.id).map_err(failed)?;
        fs::rename(&written, &place).map_err(failed)?;
        Ok(Some(report))
    }

    /// What holds when YARN, which answers, has not heard of an attempt long enough after the end of its `spark-submit`.
    fn settle(&self, since: SystemTime, status: Status) -> Result<Status, Error> {
        let waited = since.elapsed().unwrap_or_default();
        if waited >= SETTLED {
            return Ok(status);
        }
        Err(Error::Undecided {
            why: format!(
                "the spark-submit of this attempt was cut short, and {} does not know its application yet, after {} s; \
                 after {} s it is certain that nothing runs",
                self.server(),
                waited.as_secs(),
                SETTLED.as_secs()
            ),
        })
    }
}

impl YarnApplication {
    /// YARN's id of it, once that was learned.
    pub(crate) fn id(&self) -> Option<String> {
        fs::read_to_string(self.intent.file("application")).ok()
    }

    /// Frees what is left here of its `spark-submit`.
    pub(crate) async fn clean_up(&self) -> Result<(), Error> {
        let limit = Instant::now() + CLOSES;
        loop {
            let processes = self.processes();
            match on_thread(move || processes.clean_up()).await {
                Err(Error::StillRunning { .. }) if Instant::now() < limit => {
                    tokio::time::sleep(POLL).await;
                }
                done => {
                    done?;
                    break;
                }
            }
        }
        let path = self.intent.file("submission.properties");
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::Write { path, source: error })
            }
            _ => Ok(()),
        }
    }
}

pub(super) fn target_of(intent: &Intent) -> Result<&YarnTarget, Error> {
    match &intent.target {
        Target::Yarn(target) => Ok(target),
        _ => Err(Error::WrongCluster { directory: intent.directory.clone() }),
    }
}

/// Whether a `spark-submit` ended because it lost YARN: then YARN may have heard what it has not answered.
fn ended_by_network(application: &YarnApplication) -> bool {
    let log = application.intent.file("submission.log");
    let tail = crate::AttemptLog::at(log).tail(TAIL).map(|page| page.text).unwrap_or_default();
    let signs = ["java.net.", "java.io.", "java.nio.channels.", "IOException"];
    let failure = tail.rfind("Exception in thread ").map_or("", |at| &tail[at..]);
    let mut said = failure.lines().filter(|line| !line.starts_with([' ', '\t']));
    said.any(|line| signs.iter().any(|sign| line.contains(sign)))
}

fn modified(intent: &Intent, name: &str) -> Result<SystemTime, Error> {
    let path: PathBuf = intent.file(name);
    let time = fs::metadata(&path).and_then(|data| data.modified());
    time.map_err(|source| Error::Read { path, source })
}

/// Since when somebody knows that a `spark-submit` is gone.
fn gone_since(application: &YarnApplication) -> Result<SystemTime, Error> {
    let path = application.intent.file("gone");
    match write_new(&path, "") {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::Write { path, source: error })
        }
        _ => modified(&application.intent, "gone"),
    }
}
