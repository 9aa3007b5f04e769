//! A spec becomes a recorded run. What would fail anyway is found out first, so that nothing is half-written.

mod application;

pub use application::ApplicationSubmission;

use crate::clusters::Place;
use crate::plan::LaunchPlan;
use crate::sail_run::SAIL;
use crate::{App, AppliedAdvice, Error, Submission, Submitted, blocking, now};
use std::path::Path;
use tinderbox_engine::LocalSpark;
use tinderbox_model::{Patch, RunId, SparkVersion, WorkspaceId};
use tinderbox_spec::{Choice, Compiled, Diagnostic, JobType, Spec, compile_pyspark};
use tinderbox_store::{Run, SpecHash};

/// Spark on this machine.
pub(crate) const LOCAL: &str = "local";

impl App {
    /// Checks a spec and records a run of it; the reconciler launches it. A repeated idempotency key answers with the
    /// first run and starts nothing.
    ///
    /// # Errors
    /// [`Error::BadSpec`], [`Error::BaseDirectory`], [`Error::MissingInput`], [`Error::NoSuchEngine`], [`Error::EngineNotHere`],
    /// [`Error::OtherEnvironment`], [`Error::OtherVersion`], [`Error::BeyondLimits`],
    /// [`Error::MissingSecrets`], [`Error::Engine`] (no Spark, no Java), [`Error::NoAdvice`], [`Error::Advice`], [`Error::Store`].
    pub async fn submit(&self, submission: Submission) -> Result<Submitted, Error> {
        // First of all: what the first request read may be gone by now, and the answer stands.
        if let Some(key) = &submission.idempotency_key
            && let Some(run) = self.inner.store.run_by_key(&WorkspaceId::default(), key).await?
        {
            return Ok(self.submitted_before(&run));
        }
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
        let place = self.choose_place(&submission, &spec).await?;
        check_inputs(&place, &spec, &submission.base_directory)?;
        warnings.extend(read_by_pods(&place, &spec));
        let on_sail = place.sail().cloned();
        let spec = match &on_sail {
            Some(sail) => {
                let base = &submission.base_directory;
                warnings.extend(self.check_for_sail(sail, &spec, base)?);
                spec
            }
            None => {
                let is_named = submission.engine.is_some() || spec.cluster().profile.is_some();
                self.on_spark_of(&place, spec).await.map_err(|error| offered(error, is_named))?
            }
        };
        let compiled = compile_pyspark(&spec);
        check_limits(&place, &compiled)?;
        self.check_secrets(&spec, &compiled)?;
        if on_sail.is_none() {
            warnings.extend(compiled.warnings.iter().map(|warning| warning.render(&text)));
        }

        let plan = LaunchPlan {
            parameters: submission.parameters,
            environment: submission.environment,
            files: submission.files,
            base_directory: submission.base_directory,
            spec_name: submission.spec_name.clone(),
            applied: applied.clone(),
            profile: place.version(),
            retries: submission.retries,
            program: None,
            secrets: compiled.secrets.iter().cloned().collect(),
            tells_lineage: spec.open_lineage().is_some(),
            on_sail: on_sail.is_some(),
            ..LaunchPlan::default()
        };
        let spec_hash: SpecHash = self.inner.store.spec_put(spec.name(), &text, now()).await?;
        let id = RunId::new(uuid::Uuid::now_v7().to_string());
        let created = self
            .inner
            .store
            .run_create(&Run {
                job_type: job_type(&spec).to_owned(),
                engine: place.name().to_owned(),
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

    /// A job as it is run where it goes, with everything looked at that would fail there.
    pub(crate) async fn compiled_for(
        &self,
        submission: &Submission,
    ) -> Result<(Spec, Compiled, Place), Error> {
        check_base(&submission.base_directory)?;
        let (spec, _) = load(submission, &submission.spec)?;
        let place = self.choose_place(submission, &spec).await?;
        check_inputs(&place, &spec, &submission.base_directory)?;
        if place.sail().is_some() {
            // A program for Spark needs more of it than Sail has.
            return Err(Error::NotMeasured { cluster: place.name().to_owned() });
        }
        if place.image().is_some() {
            return Err(Error::NoExecutors { cluster: place.name().to_owned() });
        }
        let spec = self.on_spark_of(&place, spec).await?;
        let compiled = compile_pyspark(&spec);
        self.check_secrets(&spec, &compiled)?;
        Ok((spec, compiled, place))
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

    /// Where a job goes: where the request says, else where its spec says, else to local Spark.
    async fn choose_place(&self, submission: &Submission, spec: &Spec) -> Result<Place, Error> {
        let asked = submission.engine.as_deref().or(spec.cluster().profile.as_deref());
        let name = match asked {
            None | Some(LOCAL) => return Ok(Place { profile: None }),
            Some(SAIL) => {
                return Ok(Place { profile: Some((crate::sail_run::built_in(), 0)) });
            }
            Some(name) => name,
        };
        let place = self.place_of_name(name).await?;
        let Some((profile, version)) = place.profile else { return Ok(place) };
        if let (Some(of), Some(chosen)) = (&profile.environment, &submission.environment)
            && of != chosen
        {
            let (of, chosen) = (of.clone(), chosen.clone());
            return Err(Error::OtherEnvironment { profile: name.to_owned(), of, chosen });
        }
        if let (Some(found), Some(wanted)) = (profile.spark_version(), &spec.cluster().version)
            && (found.major, found.minor) != (wanted.major, wanted.minor)
        {
            return Err(Error::OtherVersion {
                profile: name.to_owned(),
                wanted: wanted.text.clone(),
                found: found.text.clone(),
                nearest: self.nearest_to(wanted).await?,
            });
        }
        Ok(Place { profile: Some((profile, version)) })
    }

    /// The place of a profile's name.
    pub(crate) async fn place_of_name(&self, name: &str) -> Result<Place, Error> {
        let stored = self.inner.store.profile_get(&WorkspaceId::default(), name).await?;
        let Some(stored) = stored else {
            let mut known = vec![LOCAL.to_owned(), SAIL.to_owned()];
            known.extend(self.names().await?);
            return Err(Error::NoSuchEngine { name: name.to_owned(), known });
        };
        let (profile, _) = crate::clusters::read(name, &stored.text)?;
        Ok(Place { profile: Some((profile, stored.version)) })
    }

    /// The profile whose Spark is nearest to a version: of the same major version, then by the minor one.
    async fn nearest_to(&self, wanted: &SparkVersion) -> Result<Option<String>, Error> {
        let profiles = self.clusters().await?.into_iter().filter_map(|profile| {
            let found = SparkVersion::parse(profile.spark_version.as_deref()?)?;
            let distance = (found.major.abs_diff(wanted.major), found.minor.abs_diff(wanted.minor));
            Some((distance, profile.name))
        });
        Ok(profiles.min().map(|(_, name)| name))
    }

    /// The spec as it is compiled for the Spark of its place.
    pub(crate) async fn on_spark_of(&self, place: &Place, spec: Spec) -> Result<Spec, Error> {
        if place.is_elsewhere() {
            let version = place.spark_version().cloned();
            return Ok(version.map_or(spec.clone(), |version| spec.on_spark(version)));
        }
        let wanted = spec.cluster().version.clone().or_else(|| place.spark_version().cloned());
        let spark = self.find_spark(place, wanted).await?;
        Ok(spec.on_spark(spark.version().clone()))
    }

    /// A Spark on this machine for a version.
    pub(crate) async fn find_spark(
        &self,
        place: &Place,
        version: Option<SparkVersion>,
    ) -> Result<LocalSpark, Error> {
        if let Some(image) = place.image() {
            return LocalSpark::in_image(&self.inner.host, &image).map_err(Error::Engine);
        }
        let host = place.host(&self.inner.host);
        blocking(move || LocalSpark::find(&host, version.as_ref()).map_err(Error::Engine)).await
    }
}

/// Who has named no engine is told of the one that needs no Java.
fn offered(error: Error, is_named: bool) -> Error {
    use tinderbox_engine::Error as Engine;
    match error {
        Error::Engine(
            error @ (Engine::NoSpark { .. }
            | Engine::NoJava { .. }
            | Engine::OldJava { .. }
            | Engine::BadJava { .. }),
        ) if !is_named => Error::NoSparkHere(error),
        error => error,
    }
}

fn check_limits(place: &Place, compiled: &Compiled) -> Result<(), Error> {
    let Some((profile, _)) = &place.profile else { return Ok(()) };
    let problems = profile.limits.broken_by(&place.launch_conf(&compiled.launch_conf));
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::BeyondLimits { profile: profile.name.clone(), problems })
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

fn check_inputs(place: &Place, spec: &Spec, base: &Path) -> Result<(), Error> {
    for input in spec.local_inputs().into_iter().filter(|input| is_of_here(place, &input.path)) {
        let path = base.join(&input.path);
        if !path.exists() {
            return Err(Error::MissingInput { node: input.node.to_string(), path });
        }
    }
    Ok(())
}

/// Pods do not see this machine's disks; Python files are sent to them.
fn is_of_here(place: &Place, path: &str) -> bool {
    place.kubernetes().is_none() || path.ends_with(".py")
}

/// What people should know of paths that pods read.
fn read_by_pods(place: &Place, spec: &Spec) -> Vec<String> {
    let inputs = spec.local_inputs().into_iter();
    let of_pods = inputs.filter(|input| !is_of_here(place, &input.path));
    of_pods
        .map(|input| {
            format!(
                "`{}` of {} is a path of the pods, which do not see this machine's disks: mount it there, or name an address \
                 such as s3a://",
                input.path, input.node
            )
        })
        .collect()
}

fn job_type(spec: &Spec) -> &'static str {
    match spec.job_type() {
        JobType::Batch => "batch",
        JobType::Streaming => "streaming",
    }
}
