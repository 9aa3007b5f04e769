use crate::cluster::{CLUSTER_PROPERTIES, Cluster};
use crate::configuration::Configuration;
use crate::diagnostic::{Diagnostic, Report, Span};
use crate::fields::{Fields, wrong_type};
use crate::spec::{JobStatus, JobType, Place, Schedule, ScheduleType, Spec};
use crate::tree::{Content, Tree};
use crate::{
    application, custom, environment, graph, include, parameters, row_test, soundness, tree,
};
use std::collections::BTreeMap;
use tinderbox_model::Millis;

/// The version of the format that this crate reads.
const FORMAT_VERSION: u32 = 1;

/// A document that can be used, and what the user should know about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The job.
    pub spec: Spec,
    /// Ordered by position.
    pub warnings: Vec<Diagnostic>,
}

/// What a caller chooses of a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// Values for declared parameters; they win over those of the environment.
    pub parameters: BTreeMap<String, String>,
    /// One of the document's environments.
    pub environment: Option<String>,
    /// Texts of the files that the document names ([`crate::component_files`]), by path as it writes them.
    pub files: BTreeMap<String, String>,
}

/// Reads a job document. `file` names it in diagnostics. The environments that are not chosen are checked too.
///
/// # Errors
/// Everything that is wrong with the document, and the warnings, ordered by position; at least one is an error.
pub fn load(file: &str, text: &str, choice: &Choice) -> Result<Loaded, Vec<Diagnostic>> {
    let mut report = Report::new(file, text);
    let Some(document) = include::read_document(text, &choice.files, &mut report) else {
        return Err(report.into_sorted());
    };
    environment::check(&document, &mut report);
    let chosen = choice.environment.as_deref();
    let mut root = match chosen {
        Some(name) => match environment::applied(&document, name, &mut report) {
            Some(root) => root,
            None => return Err(report.into_sorted()),
        },
        None => document.clone(),
    };
    let parameters = parameters::substitute(&mut root, &choice.parameters, &mut report);
    let spec = read_spec(&root, parameters, &choice.files, &mut report);
    let elsewhere = errors_of_other_environments(&report, &document, choice);
    let places = report.another();
    let has_errors = report.has_errors() || !elsewhere.is_empty();
    let Some(spec) = spec.filter(|_| !has_errors) else {
        let mut found = report.into_sorted();
        found.extend(
            elsewhere.into_iter().filter(|error| !found.contains(error)).collect::<Vec<_>>(),
        );
        found.sort_by_key(|found| (found.span.start, found.severity));
        name_environments(&places, &document, &mut found);
        return Err(found);
    };
    let errors = soundness::errors(&spec);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut warnings = report.into_sorted();
    warnings.extend(crate::stream::findings(&spec, crate::Severity::Warning));
    warnings.sort_by_key(|warning| warning.span.start);
    name_environments(&places, &document, &mut warnings);
    Ok(Loaded { spec, warnings })
}

/// What is wrong inside the environments that were not chosen.
fn errors_of_other_environments(
    main: &Report<'_>,
    document: &Tree,
    choice: &Choice,
) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    for (name, place) in environment::declared(document) {
        if Some(&name) == choice.environment.as_ref() {
            continue;
        }
        let mut report = main.another();
        let Some(mut root) = environment::applied(document, &name, &mut report) else { continue };
        let parameters = parameters::substitute(&mut root, &BTreeMap::new(), &mut report);
        read_spec(&root, parameters, &choice.files, &mut report);
        let found = report.into_sorted();
        let is_here = |found: &Diagnostic| {
            found.severity == crate::Severity::Error
                && main.offset_of(found).is_some_and(|at| (place.start..place.end).contains(&at))
        };
        errors.extend(found.into_iter().filter(is_here));
    }
    errors
}

/// Names the fields of environments by where they stand, not by what they lie over.
fn name_environments(report: &Report<'_>, document: &Tree, found: &mut [Diagnostic]) {
    for (name, place) in environment::declared(document) {
        for found in found.iter_mut() {
            let is_inside =
                report.offset_of(found).is_some_and(|at| (place.start..place.end).contains(&at));
            if is_inside && !found.field.starts_with("environments") {
                found.field = format!("environments.{name}.{}", found.field);
            }
        }
    }
}

/// The tree of a document that is a block of keys, before parameters are put in.
pub(crate) fn read_root(text: &str, report: &mut Report<'_>) -> Option<Tree> {
    let root = tree::parse(text, report);
    if report.has_errors() {
        // A tree with aliases or keys left out would only give errors that are none.
        return None;
    }
    match root.as_ref().map(|root| &root.content) {
        Some(Content::Map(_)) => root,
        Some(Content::List(_)) => {
            report
                .error(
                    "spec::wrong-type",
                    Span::default(),
                    "",
                    "a job is a block of keys, not a list",
                )
                .hint = Some("begin with `name:` and `pipeline:`".to_owned());
            None
        }
        Some(Content::Scalar(scalar)) if !scalar.is_null() => {
            report
                .error(
                    "spec::wrong-type",
                    Span::default(),
                    "",
                    "a job is a block of keys, not a text",
                )
                .hint = Some("begin with `name:` and `pipeline:`".to_owned());
            None
        }
        _ => {
            report.error("spec::empty", Span::default(), "", "the document is empty").hint =
                Some("begin with `name:` and `pipeline:`".to_owned());
            None
        }
    }
}

fn read_spec(
    root: &Tree,
    parameters: BTreeMap<String, String>,
    files: &BTreeMap<String, String>,
    report: &mut Report<'_>,
) -> Option<Spec> {
    let mut fields = Fields::of(root, "", report)?;
    check_format_version(&mut fields, report);
    fields.allow(["include", "parameters", "environments"]);
    let id = fields.text("id", report);
    let name = name(&mut fields, report);
    let description = fields.text("description", report);
    let job_type = match fields.choice("type", &["batch", "streaming"], report) {
        Some("streaming") => JobType::Streaming,
        _ => JobType::Batch,
    };
    let type_place = fields
        .entry("type")
        .map(|entry| place(entry.value.span, "type", report))
        .unwrap_or_default();
    let status = match fields.choice("status", &["draft", "running", "completed", "failed"], report)
    {
        Some("draft") => Some(JobStatus::Draft),
        Some("running") => Some(JobStatus::Running),
        Some("completed") => Some(JobStatus::Completed),
        Some(_) => Some(JobStatus::Failed),
        None => None,
    };
    let cluster = fields.block("cluster", report).map(|fields| Cluster::read(fields, report));
    let configuration =
        fields.block("configuration", report).map(|fields| Configuration::read(fields, report));
    let schedule = fields.block("schedule", report).and_then(|fields| schedule(fields, report));
    let sla = fields.block("monitoring", report).and_then(|fields| monitoring(fields, report));
    let application = application::read(&mut fields, root, report);
    let functions = crate::operation::cleansing::read_functions(&mut fields, report);
    let custom = custom::read(&mut fields, files, report);
    let is_application = fields.entry("application").is_some();
    let nodes = if is_application && fields.entry("pipeline").is_none() {
        fields.allow(["quarantine"]);
        Some(Vec::new())
    } else {
        graph::read(&mut fields, &custom, report)
    };
    let environments = environment::declared(root);
    let environments: Vec<&str> = environments.iter().map(|(name, _)| name.as_str()).collect();
    let known = nodes.as_deref().unwrap_or_default();
    let tests = row_test::read::read(&mut fields, known, &parameters, &environments, report);
    let sections = fields.entries().iter();
    let sections = sections
        .map(|entry| (entry.key.clone(), place(entry.key_span, &entry.key, report)))
        .collect();
    fields.finish(report);
    if is_application && application.is_none() {
        return None;
    }
    let spec = Spec {
        file: report.file().to_owned(),
        id: id.map(|text| text.text),
        name: name?,
        description: description.map(|text| text.text),
        job_type,
        type_place,
        status,
        parameters,
        cluster: cluster.unwrap_or_default(),
        spark: None,
        configuration: configuration.unwrap_or_default(),
        nodes: nodes?,
        tests,
        // Of included files; an application registers its own.
        functions: if is_application { Vec::new() } else { functions },
        application,
        schedule,
        sla,
        sections,
    };
    warn_of_properties_said_twice(&spec, root, report);
    Some(spec)
}

pub(crate) fn place(span: Span, field: &str, report: &Report<'_>) -> Place {
    let (line, column) = report.position(span.start);
    let included = report.included_at(span.start).cloned();
    Place { span, line, column, field: field.to_owned(), included }
}

fn check_format_version(fields: &mut Fields<'_>, report: &mut Report<'_>) {
    let Some(version) = fields.count("version", report) else { return };
    if version != FORMAT_VERSION {
        let span = fields.entry("version").map_or(fields.span, |entry| entry.value.span);
        let message =
            format!("this job is written in format version {version}; known is {FORMAT_VERSION}");
        report.error("spec::format-version", span, "version", message).hint =
            Some("use a newer Tinderbox; Spark's version belongs to `cluster.version`".to_owned());
    }
}

fn name(fields: &mut Fields<'_>, report: &mut Report<'_>) -> Option<String> {
    let written = fields.entry("name").is_some();
    let name = fields.text("name", report).filter(|name| !name.trim().is_empty());
    if name.is_none() && !(written && report.has_errors()) {
        let span = Span { start: fields.span.start, end: fields.span.start };
        report.error("spec::missing-field", span, "name", "the job has no `name`").hint =
            Some("add `name: customer-analytics` or the like".to_owned());
    }
    name.map(|name| name.text)
}

fn schedule(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<Schedule> {
    let kind = fields.choice("type", &["cron", "event"], report);
    let expression = fields.text("expression", report);
    for (key, found) in [("type", kind.is_some()), ("expression", expression.is_some())] {
        if !found && fields.entry(key).is_none() {
            let message = format!("the schedule has no `{key}`");
            report.error("spec::missing-field", fields.span, &fields.path_of(key), message);
        }
    }
    let path = fields.path_of("expression");
    fields.finish(report);
    let (kind, expression) = (kind?, expression?);
    let parts = expression.split_whitespace().count();
    if kind == "cron" && !expression.starts_with('@') && !(5..=6).contains(&parts) {
        let message = format!("a cron expression has 5 parts, this one {parts}");
        report.error("spec::cron", expression.span, &path, message).hint = Some(
            "minute, hour, day of month, month, day of week: `0 2 * * *` is every night at two"
                .to_owned(),
        );
    }
    let schedule_type = if kind == "cron" { ScheduleType::Cron } else { ScheduleType::Event };
    Some(Schedule { schedule_type, expression: expression.text })
}

/// The SLA. Alerts are checked for their form and reported as not sent.
fn monitoring(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<Millis> {
    if let Some(entry) = fields.entry("alerts") {
        let path = fields.path_of("alerts");
        match entry.value.as_list() {
            None => {
                wrong_type(&entry.value, &path, "a list", report);
            }
            Some([]) => {}
            Some(_) => {
                let message = "alerts are kept in the document, but this version sends none";
                report.warning("spec::not-supported-yet", entry.key_span, &path, message);
            }
        }
    }
    let minutes = fields.count("sla", report);
    fields.finish(report);
    minutes.map(|minutes| Millis(u64::from(minutes) * 60_000))
}

fn warn_of_properties_said_twice(spec: &Spec, root: &Tree, report: &mut Report<'_>) {
    for (field, property) in CLUSTER_PROPERTIES {
        let (Some(by_cluster), Some(by_conf)) = (
            spec.cluster.properties().remove(property),
            spec.configuration.spark_conf.get(*property),
        ) else {
            continue;
        };
        let span = root
            .at(&["configuration", "sparkConf"])
            .and_then(|conf| conf.as_map()?.get(property))
            .map_or(Span::default(), |entry| entry.key_span);
        let path = format!("configuration.sparkConf.{property}");
        let message =
            format!("`{property}` ({by_conf}) overrides `cluster.{field}` ({by_cluster})");
        report.warning("spec::said-twice", span, &path, message).hint =
            Some("keep one of the two".to_owned());
    }
}
