//! `tinderbox session debug`: a spec node by node, as commands from stdin say.

use super::prompt::{HELP, Typed};
use super::shown::{column_object, error_object, rows_object, rows_table, sentence};
use super::{absolute_folder, of_app};
use crate::args::{Bounds, Chosen, Format};
use crate::commands::spec::{open, refused};
use crate::failure::Failure;
use crate::output::{self, Side};
use crate::signals::{STOPPED, stopped};
use serde_json::{Value, json};
use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tinderbox_app::OwnSession;
use tinderbox_app::connect::{
    Breakpoint, Comparison, DebugData, Debugger, Error, ExplainMode, InteractiveSession, Origin,
    Step, Stop, StopReason,
};
use tinderbox_model::NodeId;
use tinderbox_spec::Spec;
use tokio::sync::mpsc;

/// What is gone through.
pub struct Order {
    pub spec: PathBuf,
    pub chosen: Chosen,
    pub sample: Option<u32>,
    pub test: Option<String>,
    pub bounds: Bounds,
}

/// Where.
pub enum Place {
    /// In a session that stays.
    Known(InteractiveSession),
    /// In one that ends with this command.
    Own(Box<OwnSession>),
}

/// Goes through a spec until `quit` or the end of stdin.
pub async fn debug(place: Place, order: Order, format: Format) -> Result<ExitCode, Failure> {
    let session = match &place {
        Place::Known(session) => session.clone(),
        Place::Own(own) => own.session.clone(),
    };
    let spec = load(&order, &order.spec)?;
    let folder = absolute_folder(&order.spec)?;
    let data = match (&order.test, order.sample) {
        (Some(test), _) => DebugData::Test(test.clone()),
        (None, Some(rows)) => DebugData::Sample(rows),
        (None, None) => DebugData::All,
    };
    let started = Debugger::start(session.clone(), spec, &folder, data, order.bounds.limits());
    let debugger = of_app(started.await)?;
    let path = order.spec.clone();
    let mut dialog = Dialog {
        session,
        debugger,
        order,
        path,
        format,
        at: None,
        has_failed: false,
        is_stopped: false,
    };
    let ended = dialog.read().await;
    let Dialog { debugger, has_failed, .. } = dialog;
    let session = debugger.close().await;
    if let Place::Own(_) = place {
        // A server that is gone has no session any more.
        let _ = session.close().await;
    }
    let is_failed = has_failed && !std::io::stdin().is_terminal();
    Ok(match ended {
        Ended::Quit if is_failed => ExitCode::from(1),
        Ended::Quit => ExitCode::SUCCESS,
        Ended::Stopped => ExitCode::from(STOPPED),
    })
}

/// The document; of a test with its parameters and its environment.
fn load(order: &Order, path: &Path) -> Result<Spec, Failure> {
    let (text, mut choice) = open(path, order.chosen.clone())?;
    let file = path.display().to_string();
    let load = |choice: &tinderbox_spec::Choice| {
        tinderbox_spec::load(&file, &text, choice)
            .map(|loaded| loaded.spec)
            .map_err(|diagnostics| refused(&diagnostics, &text))
    };
    let spec = load(&choice)?;
    let test = spec.tests().iter().find(|test| Some(&test.name) == order.test.as_ref());
    let Some(test) = test else { return Ok(spec) };
    choice.parameters.extend(test.parameters.clone());
    choice.environment = test.environment.clone().or(choice.environment);
    load(&choice)
}

enum Ended {
    Quit,
    Stopped,
}

struct Dialog {
    session: InteractiveSession,
    debugger: Debugger,
    order: Order,
    path: PathBuf,
    format: Format,
    /// The node that was shown last.
    at: Option<NodeId>,
    has_failed: bool,
    /// Whether the command was stopped while nodes ran.
    is_stopped: bool,
}

impl Dialog {
    async fn read(&mut self) -> Ended {
        let mut lines = lines();
        let is_watched = std::io::stdin().is_terminal();
        if is_watched {
            output::note(&format!(
                "{} nodes; `help` lists the commands",
                self.debugger.nodes().len()
            ));
            if !self.debugger.keeps_rows() {
                output::note("Sail keeps no rows: each node computes those before it again");
            }
        }
        loop {
            if is_watched {
                output::prompt("debug> ");
            }
            let line = tokio::select! {
                line = lines.recv() => line,
                () = stopped() => return Ended::Stopped,
            };
            let Some(line) = line else { return Ended::Quit };
            match Typed::parse(&line) {
                Ok(Typed::Quit) => return Ended::Quit,
                Ok(typed) => {
                    if let Err(failure) = self.execute(typed).await {
                        self.complain(failure);
                    }
                    // A person comes back to the prompt; a script is over.
                    if std::mem::take(&mut self.is_stopped) && !is_watched {
                        return Ended::Stopped;
                    }
                }
                Err(problem) => self.complain(Failure::refused(problem, None)),
            }
        }
    }

    async fn execute(&mut self, typed: Typed) -> Result<(), Failure> {
        match typed {
            Typed::Step => self.go(Go::Step).await?,
            Typed::Continue => self.go(Go::On).await?,
            Typed::Run(node) => self.go(Go::To(NodeId::new(&node))).await?,
            Typed::Break(node, condition) => {
                let breakpoint = Breakpoint { condition };
                of_app(self.debugger.set_breakpoint(&NodeId::new(&node), breakpoint))?;
            }
            Typed::Clear(Some(node)) => {
                if !self.debugger.clear_breakpoint(&NodeId::new(&node)) {
                    return Err(Failure::refused(format!("`{node}` has no breakpoint"), None));
                }
            }
            Typed::Clear(None) => {
                for state in self.debugger.nodes() {
                    self.debugger.clear_breakpoint(&state.node);
                }
            }
            Typed::Rows(rows, node) => {
                let node = self.node(node)?;
                let answer = of_app(self.debugger.rows(&node, rows).await)?;
                match self.format {
                    Format::Table => output::data(&rows_table(&answer)?),
                    Format::Json => {
                        let mut object = rows_object(&answer)?;
                        object["node"] = json!(node.as_str());
                        line(&object);
                    }
                }
            }
            Typed::Schema(node) => {
                let node = self.node(node)?;
                let columns = of_app(self.debugger.columns(&node))?;
                match self.format {
                    Format::Json => line(&json!({
                        "node": node.as_str(),
                        "columns": columns.iter().map(column_object).collect::<Vec<_>>(),
                    })),
                    Format::Table => {
                        let rows: Vec<Vec<String>> = columns
                            .iter()
                            .map(|column| vec![column.name.clone(), column.kind.clone()])
                            .collect();
                        let head = [("column", Side::Left), ("type", Side::Left)];
                        output::data(&output::table(&head, &rows));
                    }
                }
            }
            Typed::Explain(node, mode) => {
                let node = self.node(node)?;
                let mode = ExplainMode::ALL.iter().find(|(name, _)| *name == mode);
                let mode = mode.map_or(ExplainMode::Physical, |(_, mode)| *mode);
                let plan = of_app(self.debugger.explain(&node, mode).await)?;
                match self.format {
                    Format::Json => line(&json!({ "node": node.as_str(), "plan": plan })),
                    Format::Table => output::data(&format!("{}\n", plan.trim_end())),
                }
            }
            Typed::Nodes => self.nodes(),
            Typed::Reload(path) => self.reload(path).await?,
            Typed::Restart => self.debugger.restart().await,
            Typed::Help => output::note(HELP),
            Typed::Quit | Typed::Nothing => {}
        }
        Ok(())
    }

    /// Runs nodes; Ctrl-C interrupts them and comes back to the prompt.
    async fn go(&mut self, go: Go) -> Result<(), Failure> {
        let (session, operation) = (self.session.clone(), self.debugger.operation());
        let mut running = Box::pin(async {
            match go {
                Go::Step => Ok(self.debugger.step().await),
                Go::On => Ok(self.debugger.proceed().await),
                Go::To(node) => self.debugger.run_to(&node).await,
            }
        });
        let mut is_stopped = false;
        let stop = loop {
            tokio::select! {
                stop = &mut running => break stop,
                () = stopped() => {
                    is_stopped = true;
                    // What runs ends with an error, which is shown. What is about to run is interrupted the next time.
                    let _ = session.interrupt(operation).await;
                }
            }
        };
        drop(running);
        self.is_stopped = is_stopped;
        self.show(&of_app(stop)?)
    }

    fn show(&mut self, stop: &Stop) -> Result<(), Failure> {
        if let Some(last) = stop.steps.last() {
            self.at = Some(last.node.clone());
        }
        let compared = stop.steps.iter().filter_map(|step| step.comparison.as_ref());
        self.has_failed |= matches!(stop.reason, StopReason::Failed { .. })
            || compared.into_iter().any(|comparison| !comparison.is_equal());
        match self.format {
            Format::Json => line(&stop_object(stop)?),
            Format::Table => show(stop)?,
        }
        Ok(())
    }

    fn nodes(&self) {
        let states = self.debugger.nodes();
        if self.format == Format::Json {
            let objects = states.iter().map(|state| {
                json!({
                    "node": state.node.as_str(),
                    "count": state.done.map(|(count, _)| count),
                    "seconds": state.done.map(|(_, time)| time.as_secs_f64()),
                    "breakpoint": state.breakpoint.is_some(),
                    "condition": state.breakpoint.as_ref().and_then(|one| one.condition.clone()),
                })
            });
            line(&json!({ "nodes": objects.collect::<Vec<Value>>() }));
            return;
        }
        let rows = states.iter().map(|state| {
            let (count, time) =
                state.done.map_or((String::new(), String::new()), |(count, time)| {
                    (count.to_string(), format!("{:.1} s", time.as_secs_f64()))
                });
            let stop = state.breakpoint.as_ref().map_or(String::new(), |breakpoint| {
                let condition = breakpoint.condition.as_ref();
                condition.map_or("stop".to_owned(), |condition| format!("stop if {condition}"))
            });
            vec![state.node.to_string(), count, time, stop]
        });
        let head = [
            ("node", Side::Left),
            ("rows", Side::Right),
            ("time", Side::Right),
            ("breakpoint", Side::Left),
        ];
        output::data(&output::table(&head, &rows.collect::<Vec<_>>()));
    }

    async fn reload(&mut self, path: Option<PathBuf>) -> Result<(), Failure> {
        let path = path.unwrap_or_else(|| self.path.clone());
        let spec = load(&self.order, &path)?;
        let edited = of_app(self.debugger.edit(spec).await)?;
        self.path = path;
        let names = |nodes: &[NodeId]| nodes.iter().map(NodeId::to_string).collect::<Vec<_>>();
        let (kept, again) = (names(&edited.kept), names(&edited.again));
        let lost = names(&edited.lost_breakpoints);
        if self.format == Format::Json {
            line(&json!({ "kept": kept, "again": again, "lost_breakpoints": lost }));
            return Ok(());
        }
        let mut said = Vec::new();
        for (what, names) in [("kept", kept), ("run again", again), ("breakpoints gone", lost)] {
            if !names.is_empty() {
                said.push(format!("{what}: {}", names.join(", ")));
            }
        }
        output::note(&if said.is_empty() { "nothing has run".to_owned() } else { said.join("; ") });
        Ok(())
    }

    fn node(&self, named: Option<String>) -> Result<NodeId, Failure> {
        let named = named.map(|node| NodeId::new(&node)).or_else(|| self.at.clone());
        named.ok_or_else(|| {
            Failure::refused("no node has run", Some("step, or name a node".to_owned()))
        })
    }

    fn complain(&mut self, failure: Failure) {
        self.has_failed = true;
        if self.format == Format::Json {
            let (message, hint) = failure.into_parts();
            line(&json!({ "error": { "message": message, "hint": hint } }));
            return;
        }
        failure.report();
    }
}

enum Go {
    Step,
    On,
    To(NodeId),
}

fn show(stop: &Stop) -> Result<(), Failure> {
    let shown = stop.steps.len().saturating_sub(1);
    for step in &stop.steps[..shown] {
        output::data(&format!("{}\n", summary(step)));
        compared(step);
    }
    if let Some(step) = stop.steps.last() {
        output::data(&format!("{}\n{}", summary(step), rows_table(&step.rows)?));
        compared(step);
        if !step.lenient.is_empty() {
            output::note(&format!(
                "Sail has no ANSI mode: where {} would fail on Spark, the values are those without it",
                step.lenient.join(", ")
            ));
        }
    }
    match &stop.reason {
        StopReason::Reached => {}
        StopReason::End => output::data("the end\n"),
        StopReason::Breakpoint { condition: Some(condition), rows: Some(rows) } => {
            output::data(&format!("breakpoint: {condition}\n{}", rows_table(rows)?));
        }
        StopReason::Breakpoint { .. } => output::data("breakpoint\n"),
        StopReason::Failed { node, error } => {
            let message = format!("`{node}`: {}", sentence(error, None));
            Failure::refused(message, error.hint()).report();
        }
    }
    Ok(())
}

fn summary(step: &Step) -> String {
    let Step { node, count, time, .. } = step;
    let rows = if *count == 1 { "row" } else { "rows" };
    let origin = origin(step.origin);
    let kept = if step.is_kept { ", kept" } else { "" };
    format!("{node}: {count} {rows}, {:.1} s{origin}{kept}", time.as_secs_f64())
}

fn origin(origin: Origin) -> String {
    match origin {
        Origin::All => String::new(),
        Origin::Sample(rows) => format!(", of a SAMPLE: at most {rows} rows of each source"),
        Origin::Given => ", given by the test".to_owned(),
        Origin::OfGiven => ", of the test's rows".to_owned(),
    }
}

fn compared(step: &Step) {
    let Some(Comparison { missing, unexpected, is_other_order, .. }) = &step.comparison else {
        return;
    };
    if missing.is_empty() && unexpected.is_empty() {
        let order = if *is_other_order { ", in another order" } else { "" };
        output::data(&format!("  the rows that the test expects{order}\n"));
    }
    for (sign, rows) in [('-', missing), ('+', unexpected)] {
        for row in rows.iter().take(10) {
            output::data(&format!("  {sign} {row}\n"));
        }
    }
}

fn stop_object(stop: &Stop) -> Result<Value, Failure> {
    let mut steps = Vec::new();
    for step in &stop.steps {
        let mut object = rows_object(&step.rows)?;
        object["node"] = json!(step.node.as_str());
        object["columns"] = step.columns.iter().map(column_object).collect();
        object["count"] = json!(step.count);
        object["seconds"] = json!(step.time.as_secs_f64());
        object["kept"] = json!(step.is_kept);
        object["origin"] = match step.origin {
            Origin::All => json!("all"),
            Origin::Sample(_) => json!("sample"),
            Origin::Given => json!("given"),
            Origin::OfGiven => json!("of-given"),
        };
        if let Some(comparison) = &step.comparison {
            object["as_expected"] = json!(comparison.is_equal());
            object["missing"] = json!(comparison.missing);
            object["unexpected"] = json!(comparison.unexpected);
        }
        steps.push(object);
    }
    let mut object = json!({ "steps": steps });
    object["stop"] = match &stop.reason {
        StopReason::Reached => json!("reached"),
        StopReason::End => json!("end"),
        StopReason::Breakpoint { .. } => json!("breakpoint"),
        StopReason::Failed { .. } => json!("failed"),
    };
    match &stop.reason {
        StopReason::Breakpoint { condition, rows } => {
            object["condition"] = json!(condition);
            object["fulfilling"] = match rows {
                Some(rows) => rows_object(rows)?,
                None => Value::Null,
            };
        }
        StopReason::Failed { node, error } => {
            object["node"] = json!(node.as_str());
            object["error"] = failed_object(error);
        }
        _ => {}
    }
    Ok(object)
}

fn failed_object(error: &Error) -> Value {
    error_object(error, None)
}

/// A JSON object on a line.
fn line(object: &Value) {
    output::data(&format!("{object}\n"));
}

/// The lines of stdin, from a thread of its own: it is blocked until a line comes, and ends with the process.
fn lines() -> mpsc::Receiver<String> {
    let (said, lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if said.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}
