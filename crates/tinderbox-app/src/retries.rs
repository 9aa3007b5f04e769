//! Another attempt of a run whose last one failed for a reason that may not hold again.

use crate::events::{new_token, sha256_hex};
use crate::launching::told;
use crate::plan::{AttemptRecord, LaunchPlan};
use crate::reconcile::Current;
use crate::{App, Error, now};
use tinderbox_engine::ExitCategory;
use tinderbox_model::{Retry, RunState};
use tinderbox_store::{Retried, Run, RunChange};

/// How often a launch that is cut short by the end of this process is begun anew.
const CUT_SHORT: u32 = 5;

impl App {
    /// Begins the same attempt again whose launch was never begun: the process that was about to has ended.
    pub(crate) async fn launch_again(&self, run: &Run, current: &Current) -> Result<(), Error> {
        // The token of the intent is lost with the process that made it; a new one replaces it.
        let token = new_token();
        let record = AttemptRecord {
            ingest_token_sha256: Some(sha256_hex(&token)),
            ..current.record.clone()
        };
        self.keep(&current.attempt, &record).await?;
        self.launch(run, Current { attempt: current.attempt.clone(), record }, token).await
    }

    /// An attempt whose launch failed, with nothing started.
    pub(crate) async fn failed_to_start(
        &self,
        run: &Run,
        current: &Current,
        error: &Error,
    ) -> Result<(), Error> {
        let category = match error.class().retry {
            Retry::Never => ExitCategory::Submission,
            _ => ExitCategory::Cluster,
        };
        self.not_started(run, current, (category, &told(error))).await
    }

    /// An attempt of which nothing was started, nor ever will be, because the process that was about to has ended: not for
    /// the run to pay for. A launch that ends this process again and again is given up.
    pub(crate) async fn never_started(
        &self,
        run: &Run,
        current: &Current,
        why: &str,
    ) -> Result<(), Error> {
        let most = LaunchPlan::of(run).retries + CUT_SHORT;
        if current.attempt.number.0 <= most
            && self.asked_end(run).is_none()
            && self.queue_again(run, current, why).await?
        {
            return Ok(());
        }
        self.not_started(run, current, (ExitCategory::Cluster, why)).await
    }

    async fn not_started(
        &self,
        run: &Run,
        current: &Current,
        (category, why): (ExitCategory, &str),
    ) -> Result<(), Error> {
        let known = self.inner.store.run_get(&run.id).await?;
        let now_run = known.as_ref().unwrap_or(run);
        if self.tries_again(now_run, current, Some(category), Some(why)).await? {
            return Ok(());
        }
        let end = RunChange { error: Some(why.to_owned()), ..RunChange::at(now()) };
        self.move_run(&run.id, now_run.state, RunState::Failed, &end).await?;
        Ok(())
    }

    /// Puts a run back into the queue when its plan has attempts left and the failure is of the cluster's making: another
    /// try cannot mend a program, its data or its memory.
    pub(crate) async fn tries_again(
        &self,
        run: &Run,
        current: &Current,
        category: Option<ExitCategory>,
        why: Option<&str>,
    ) -> Result<bool, Error> {
        let plan = LaunchPlan::of(run);
        let tried = current.attempt.number.0;
        if category != Some(ExitCategory::Cluster)
            || tried > plan.retries
            || self.asked_end(run).is_some()
        {
            return Ok(false);
        }
        self.queue_again(run, current, why.unwrap_or("the cluster failed")).await?;
        Ok(true)
    }

    /// False when it stands otherwise by now.
    async fn queue_again(&self, run: &Run, current: &Current, why: &str) -> Result<bool, Error> {
        let tried = current.attempt.number.0;
        let mut record = current.record.clone();
        record.notes.push(format!("attempt {tried} failed: {why}"));
        self.keep(&current.attempt, &record).await?;
        let retried = self.inner.store.run_retry(&run.id, current.attempt.number, now()).await?;
        if retried == Retried::Queued {
            tracing::info!(run = %run.id, "attempt {tried} failed and another follows: {why}");
            self.inner.live.forget(&run.id);
            self.announce(&run.id);
        }
        Ok(retried == Retried::Queued)
    }
}
