//! A run's progress in the terminal: one bar over all tasks, and what the active stage does.

use crate::output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;
use tinderbox_api::{JobProgress, StageProgress};
use tinderbox_model::{Bytes, Millis};

/// Shows progress; on a terminal as a bar, elsewhere as a line at every change of state or stage.
pub struct Progress {
    bar: Option<ProgressBar>,
    last_line: String,
}

impl Progress {
    /// Begins to show.
    pub fn new() -> Self {
        let bar = output::is_watched().then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let template = "{elapsed_precise} {bar:32} {pos}/{len} tasks  {wide_msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        Self { bar, last_line: String::new() }
    }

    /// Shows a step.
    pub fn show(&mut self, progress: &JobProgress) {
        let text = describe(progress);
        if let Some(bar) = &self.bar {
            bar.set_length(progress.num_planned_tasks);
            bar.set_position(progress.job.num_tasks);
            bar.set_message(text);
            return;
        }
        let line = match active(progress) {
            Some(stage) => {
                format!("{}: stage {} {}", progress.job.state, stage.stage_id, stage.name)
            }
            None => progress.job.state.clone(),
        };
        if line != self.last_line {
            let (done, planned) = (progress.job.num_tasks, progress.num_planned_tasks);
            output::note(&format!("  {done}/{planned} tasks  {text}"));
            self.last_line = line;
        }
    }

    /// Takes the bar away.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn active(progress: &JobProgress) -> Option<&StageProgress> {
    progress.stages.iter().rev().find(|stage| stage.status == "ACTIVE")
}

fn describe(progress: &JobProgress) -> String {
    let job = &progress.job;
    let mut text = job.state.clone();
    if let Some(stage) = active(progress) {
        let (done, all) = (stage.num_complete_tasks, stage.num_tasks);
        text.push_str(&format!(" | stage {} {} {done}/{all}", stage.stage_id, stage.name));
    }
    text.push_str(&format!(
        " | task time {} | shuffle {} | spill {}",
        Millis(job.task_time_ms),
        Bytes(job.shuffle_write_bytes),
        Bytes(job.disk_spill_bytes)
    ));
    text
}
