//! `tinderbox generate --live`: applications played to a server as their listeners would send them, many at a time.

mod tally;

use crate::args::{Live, Outgoing, Place};
use crate::failure::Failure;
use crate::output;
use crate::sources;
use futures::StreamExt;
use futures::stream;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tally::Tally;
use tinderbox_api::{BatchAnswer, Client};
use tinderbox_app::chain;
use tinderbox_collect::{Depth, EventLog, list};
use tinderbox_generate::{
    BLOCK_JOBS, Job, LiveBatch, LiveBatches, LivePace, LiveSpan, Plan, write_log,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

/// Batches of an application that wait for their time.
const AHEAD: usize = 2;
/// How long a batch is offered to a server that does not take it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between the first two offers; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An application that can be played.
enum Played {
    Generated { plan: Arc<Plan>, job: Box<Job> },
    Recorded(EventLog),
}

/// Plays generated jobs.
pub async fn generated(place: &Place, live: &Live, plan: Plan) -> Result<ExitCode, Failure> {
    let total = plan.order().jobs;
    let plan = Arc::new(plan);
    let (sender, receiver) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        for block in 0..plan.num_blocks() {
            let mut jobs = Vec::with_capacity(usize::try_from(BLOCK_JOBS).unwrap_or(0));
            plan.for_each_job(block, |job| jobs.push(Box::new(job.clone())));
            for job in jobs {
                let played = Played::Generated { plan: plan.clone(), job };
                if sender.blocking_send(played).is_err() {
                    return;
                }
            }
        }
    });
    play(place, live, total, receiver).await
}

/// Plays recorded event logs, the oldest first.
pub async fn recorded(
    place: &Place,
    live: &Live,
    outgoing: &Outgoing,
) -> Result<ExitCode, Failure> {
    let access = sources::access(outgoing);
    let places = sources::log_sources(&live.replay, true, &access)?;
    let listed = tokio::task::spawn_blocking(move || {
        let mut logs = Vec::new();
        for source in places {
            let mut found = list(&source.location, Depth::Recursive)?;
            found.failed.iter().for_each(|error| output::note(&format!("  {}", chain(error))));
            found.logs.reverse();
            logs.append(&mut found.logs);
        }
        Ok::<_, tinderbox_collect::Error>(logs)
    });
    let logs = listed.await.map_err(|_| tinderbox_generate::Error::ThreadDied)??;
    if logs.is_empty() {
        let hint = "name a folder with event logs, or one of them".to_owned();
        return Err(Failure::environment("there is no event log to play", Some(hint)));
    }
    let total = logs.len() as u64;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        for log in logs {
            if sender.send(Played::Recorded(log)).await.is_err() {
                return;
            }
        }
    });
    play(place, live, total, receiver).await
}

async fn play(
    place: &Place,
    live: &Live,
    total: u64,
    mut applications: mpsc::Receiver<Played>,
) -> Result<ExitCode, Failure> {
    let url = live.live.clone().unwrap_or_default();
    let client = Client::new(&url, place.token.clone())?;
    client.server().await?;
    let tally = Arc::new(Tally::new(total));
    let all = stream::poll_fn(move |context| applications.poll_recv(context))
        .map(|application| play_one(client.clone(), application, live.speed, tally.clone()))
        .buffer_unordered(usize::from(live.at_once))
        .for_each(|()| async { tally.show() });
    tokio::select! {
        () = all => {}
        _ = tokio::signal::ctrl_c() => output::note("stopped; applications that were being played stay open"),
    }
    output::data(&tally.summary());
    match tally.first_problem() {
        None => Ok(ExitCode::SUCCESS),
        Some(problem) => Err(Failure::refused(
            problem,
            Some(
                "its log, and that of the server, say more; what the others sent was taken"
                    .to_owned(),
            ),
        )),
    }
}

async fn play_one(client: Client, application: Played, speed: f64, tally: Arc<Tally>) {
    let (sender, mut batches) = mpsc::channel(AHEAD);
    let name = application.name();
    let making = tokio::task::spawn_blocking(move || application.make(speed, &sender));
    let begin = Instant::now();
    let mut problem = None;
    let mut is_empty = true;
    while let Some(LiveBatch { due, num_events, body }) = batches.recv().await {
        sleep_until(begin + due).await;
        tally.late(begin.elapsed().saturating_sub(due));
        let size = body.len();
        match send(&client, body, &tally).await {
            Ok(()) => {
                tally.sent(num_events, size);
                is_empty = false;
            }
            Err(reason) => {
                problem = Some(reason);
                break;
            }
        }
    }
    drop(batches);
    let made = making.await;
    let problem = problem.or_else(|| match made {
        // What cannot be read of a log is left out; where that is all of it, it was none.
        Ok(Ok(())) => is_empty.then(|| "no event could be read from it".to_owned()),
        Ok(Err(error)) => Some(chain(&error)),
        Err(_) => Some("the thread that made its events has died".to_owned()),
    });
    tally.ended(problem.map(|problem| format!("{name}: {problem}")));
}

/// Offers a batch until it is taken.
async fn send(client: &Client, body: Vec<u8>, tally: &Tally) -> Result<(), String> {
    let begin = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let asked = Instant::now();
        let answer = client.send_events(body.clone()).await;
        tally.answered(asked.elapsed());
        let problem = match answer {
            Ok(BatchAnswer::Taken) => return Ok(()),
            Ok(BatchAnswer::NotWanted { reason }) => return Err(reason),
            Ok(BatchAnswer::TryAgain) => {
                "the server did not take its events for a minute".to_owned()
            }
            Err(error @ tinderbox_api::Error::Unreachable { .. }) => chain(&error),
            Err(error) => return Err(chain(&error)),
        };
        if begin.elapsed() > PATIENCE {
            return Err(problem);
        }
        tally.again();
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

impl Played {
    fn name(&self) -> String {
        match self {
            Self::Generated { plan, job } => plan.application_id(job.index),
            Self::Recorded(log) => log.place.to_string(),
        }
    }

    /// Hands its batches out, until nobody takes them.
    fn make(self, speed: f64, sender: &mpsc::Sender<LiveBatch>) -> io::Result<()> {
        let span = match &self {
            Self::Generated { job, .. } => LiveSpan::of(job),
            Self::Recorded(log) => {
                let mut span = LiveSpan::default();
                log.write_events(&mut span)?;
                span
            }
        };
        let now = jiff::Timestamp::now().as_millisecond();
        let session = Uuid::new_v4().to_string();
        let mut batches = LiveBatches::new(session, LivePace::new(&span, now, speed), |batch| {
            let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
            sender.blocking_send(batch).map_err(gone)
        });
        match &self {
            Self::Generated { plan, job } => {
                write_log(plan, job, &mut batches)?;
            }
            Self::Recorded(log) => log.write_events(&mut batches)?,
        }
        batches.finish()
    }
}
