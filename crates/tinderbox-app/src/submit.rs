//! A spec becomes a recorded run. What would fail anyway is found out first, so that nothing is half-written.

use crate::plan::LaunchPlan;
use crate::{App, AppliedAdvice, Error, Submission, Submitted, blocking, now};
use std::path::Path;
use tinderbox_engine::LocalSpark;
use tinderbox_model::{Patch, RunId, SparkVersion, WorkspaceId};
use tinderbox_spec::{Choice, Compiled, Diagnostic, JobType, Spec, compile_pyspark};
use tinderbox_store::{Run, SpecHash};

/// The one engine of this version.
pub(crate) const LOCAL: &str = "local";

impl App {
    /// Checks a spec and records a run of it; the reconciler launches it. A repeated idempotency key answers with the
    /// first run and starts nothing.
    ///
    /// # Errors
    /// [`Error::BadSpec`], [`Error::BaseDirectory`], [`Error::MissingInput`], [`Error::NoSuchEngine`], [`Error::EngineNotHere`],
    /// [`Error::MissingSecrets`], [`Error::Engine`] (no Spark, no Java), [`Error::NoAdvice`], [`Error::Advice`], [`Error::Store`].
    pub async fn submit(&self, submission: Submission) -> Result<Submitted, Error> {
        // First of all: what the first request read may be gone by now, and the answer stands.
        if let Some(key) = &submission.idempotency_key
            && let Some(run) = self.inner.store.run_by_key(&WorkspaceId::default(), key).await?
        {
            return Ok(self.submitted_before(&run));
        }
        let engine = choose_engine(submission.engine.as_deref())?;
        check_base(&submission.base_directory)?;
        let (mut spec, mut warnings) = load(&submission, &submission.spec)?;
        let mut text = submission.spec.clone();
        let mut applied = Vec::new();
        let mut advice_run = None;
        if submission.apply_advice {
            let (run, advice) = self.newest_advice(spec.name()).await?;
            text = apply(&spec, &text, &advice)?;
            (applied, advice_run) = (advice, Some(run));
            (spec, warnings) = load(&submission, &text)?;
        }
        check_inputs(&spec, &submission.base_directory)?;
        let spark = self.find_spark(spec.cluster().version.clone()).await?;
        let spec = spec.on_spark(spark.version().clone());
        let compiled = compile_pyspark(&spec);
        self.check_secrets(&spec, &compiled)?;
        warnings.extend(compiled.warnings.iter().map(|warning| warning.render(&text)));

        let plan = LaunchPlan {
            parameters: submission.parameters,
            environment: submission.environment,
            files: submission.files,
            base_directory: submission.base_directory,
            spec_name: submission.spec_name.clone(),
            applied: applied.clone(),
            secrets: compiled.secrets.iter().cloned().collect(),
            tells_lineage: spec.open_lineage().is_some(),
        };
        let spec_hash: SpecHash = self.inner.store.spec_put(spec.name(), &text, now()).await?;
        let id = RunId::new(uuid::Uuid::now_v7().to_string());
        let created = self
            .inner
            .store
            .run_create(&Run {
                job_type: job_type(&spec).to_owned(),
                engine: engine.to_owned(),
                spec_hash: Some(spec_hash),
                spec_label: Some(submission.spec_name),
                parameters: plan.to_json(),
                advice_run,
                timeout: submission.timeout,
                idempotency_key: submission.idempotency_key,
                ..Run::new(id, spec.name(), now())
            })
            .await?;
        self.announce(&created.run.id);
        self.inner.work.notify_one();
        if created.existed {
            return Ok(self.submitted_before(&created.run));
        }
        Ok(Submitted { run: self.view(&created.run), existed: false, applied, warnings })
    }

    /// Without its secrets the program fails at once, and others could not be told of it.
    fn check_secrets(&self, spec: &Spec, compiled: &Compiled) -> Result<(), Error> {
        let mut names: Vec<&str> = compiled.secrets.iter().map(String::as_str).collect();
        if let Some(settings) = spec.open_lineage() {
            names.extend(settings.secret_names());
        }
        self.secrets(names).map(drop)
    }

    /// The answer to a repeated request: with what the first one had applied, not what this one would have.
    fn submitted_before(&self, run: &Run) -> Submitted {
        let applied = LaunchPlan::of(run).applied;
        Submitted { run: self.view(run), existed: true, applied, warnings: Vec::new() }
    }

    /// A Spark on this machine for the version that a spec names.
    pub(crate) async fn find_spark(
        &self,
        version: Option<SparkVersion>,
    ) -> Result<LocalSpark, Error> {
        let host = self.inner.host.clone();
        blocking(move || LocalSpark::find(&host, version.as_ref()).map_err(Error::Engine)).await
    }
}

fn choose_engine(name: Option<&str>) -> Result<&'static str, Error> {
    match name {
        None | Some(LOCAL) => Ok(LOCAL),
        Some("sail") => Err(Error::EngineNotHere { name: "sail".to_owned() }),
        Some(name) => {
            Err(Error::NoSuchEngine { name: name.to_owned(), known: vec![LOCAL.to_owned()] })
        }
    }
}

fn load(submission: &Submission, text: &str) -> Result<(Spec, Vec<String>), Error> {
    let choice = Choice {
        parameters: submission.parameters.clone(),
        environment: submission.environment.clone(),
        files: submission.files.clone(),
    };
    match tinderbox_spec::load(&submission.spec_name, text, &choice) {
        Ok(loaded) => {
            let warnings = loaded.warnings.iter().map(|warning| warning.render(text)).collect();
            Ok((loaded.spec, warnings))
        }
        Err(diagnostics) => Err(bad_spec(&diagnostics, text)),
    }
}

fn bad_spec(diagnostics: &[Diagnostic], text: &str) -> Error {
    let rendered: Vec<_> = diagnostics.iter().map(|one| one.render(text)).collect();
    Error::BadSpec { rendered: rendered.join("\n") }
}

fn apply(spec: &Spec, text: &str, advice: &[AppliedAdvice]) -> Result<String, Error> {
    let patches: Vec<Patch> = advice.iter().map(|one| one.patch.clone()).collect();
    tinderbox_spec::apply_patches(text, &patches)
        .map_err(|source| Error::Advice { name: spec.name().to_owned(), source })
}

fn check_base(base: &Path) -> Result<(), Error> {
    if base.is_absolute() && base.is_dir() {
        return Ok(());
    }
    Err(Error::BaseDirectory { path: base.to_owned() })
}

fn check_inputs(spec: &Spec, base: &Path) -> Result<(), Error> {
    for input in spec.local_inputs() {
        let path = base.join(&input.path);
        if !path.exists() {
            return Err(Error::MissingInput { node: input.node.to_string(), path });
        }
    }
    Ok(())
}

fn job_type(spec: &Spec) -> &'static str {
    match spec.job_type() {
        JobType::Batch => "batch",
        JobType::Streaming => "streaming",
    }
}
