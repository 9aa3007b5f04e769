//! What a run tells others: OpenLineage's events, as a document's `configuration.openLineage` asks for them.
//!
//! Pure: what is sent, where and when is the caller's. Values of secrets are never looked up, so none can be in an event;
//! where a name of a dataset is a secret, the reference stands there.
//! Source: OpenLineage's specification 2-0-2 and its facets, and its page "Naming Conventions".

mod datasets;
mod facets;

use crate::diagnostic::Report;
use crate::fields::Fields;
use crate::parameters::{has_secret, secret_names};
use crate::secrets;
use crate::spec::Spec;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The namespace of jobs that name none.
const NAMESPACE: &str = "tinderbox";

/// Where the clients of OpenLineage send events below a server's URL.
const ENDPOINT: &str = "api/v1/lineage";

/// Where events of runs go: `configuration.openLineage` of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenLineage {
    /// Where to.
    pub target: LineageTarget,
    /// The namespace of the job.
    pub namespace: String,
    /// What goes into the header `Authorization: Bearer …`; refers to a secret.
    pub api_key: Option<String>,
}

impl OpenLineage {
    /// The names of the secrets that it refers to.
    pub fn secret_names(&self) -> Vec<&str> {
        let url = match &self.target {
            LineageTarget::Http(url) => url.as_str(),
            LineageTarget::File(_) => "",
        };
        let key = self.api_key.as_deref().unwrap_or_default();
        [secret_names(url), secret_names(key)].concat()
    }
}

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineageTarget {
    /// `POST` to this URL; it may refer to secrets.
    Http(String),
    /// A line each at the end of this file; a relative path starts at the document's folder.
    File(String),
}

/// A moment of a run that others are told of.
#[derive(Debug, Clone, Copy)]
pub struct RunMoment<'a> {
    /// What happened.
    pub kind: RunMomentKind,
    /// When, in RFC 3339.
    pub time: &'a str,
    /// A UUID that is the same for all moments of the attempt.
    pub run_id: &'a str,
    /// The run here; a tag of the event.
    pub run: &'a str,
    /// Absolute path of the document's folder.
    pub base_directory: &'a str,
    /// Why it did not end well, without secrets.
    pub error: Option<&'a str>,
}

/// What happened, in OpenLineage's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunMomentKind {
    /// Spark was started.
    Start,
    /// It ended well.
    Complete,
    /// It ended badly.
    Fail,
    /// Somebody, or a limit of time, ended it.
    Abort,
}

impl RunMomentKind {
    /// OpenLineage's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "START",
            Self::Complete => "COMPLETE",
            Self::Fail => "FAIL",
            Self::Abort => "ABORT",
        }
    }
}

/// The event of a moment, a `RunEvent` of OpenLineage 2-0-2. The same arguments give the same event.
pub fn run_event(spec: &Spec, moment: &RunMoment<'_>) -> Value {
    let namespace =
        spec.open_lineage().map_or(NAMESPACE, |settings| settings.namespace.as_str()).to_owned();
    let datasets = datasets::of(spec, moment.base_directory, &namespace);
    let mut run_facets = BTreeMap::from([
        ("tags", facets::run_tags(moment.run)),
        ("processing_engine", facets::engine(spec)),
    ]);
    if let Some(error) = moment.error {
        run_facets.insert("errorMessage", facets::error(error));
    }
    let mut job_facets = BTreeMap::from([("jobType", facets::job_type(spec))]);
    if let Some(description) = spec.description() {
        job_facets.insert("documentation", facets::documentation(description));
    }
    json!({
        "eventType": moment.kind.as_str(),
        "eventTime": moment.time,
        "producer": facets::PRODUCER,
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": moment.run_id, "facets": run_facets},
        "job": {"namespace": namespace, "name": spec.name(), "facets": job_facets},
        "inputs": facets::inputs(spec, &datasets),
        "outputs": facets::outputs(spec, &datasets),
    })
}

/// Reads `configuration.openLineage`.
pub(crate) fn read(mut fields: Fields<'_>, report: &mut Report<'_>) -> Option<OpenLineage> {
    let [url_path, key_path, endpoint_path] =
        ["url", "apiKey", "endpoint"].map(|key| fields.path_of(key));
    let is_written = fields.entry("url").is_some();
    let url = fields.text("url", report);
    let endpoint = fields.text("endpoint", report);
    let namespace = fields.text("namespace", report).map(|text| text.text);
    let api_key = fields.text("apiKey", report);
    if url.is_none() && !is_written {
        let message = "`openLineage` has no `url`: where events go";
        report.error("spec::missing-field", fields.span, &url_path, message).hint = Some(
            "for example `url: http://localhost:5000`, or `url: file:lineage.jsonl`".to_owned(),
        );
    }
    fields.finish(report);
    if let Some(key) = &api_key {
        secrets::check("apiKey", key, key.span, &key_path, report);
    }
    let url = url?;
    secrets::check("url", &url, url.span, &url_path, report);
    let target = match url.strip_prefix("file:") {
        Some(path) => LineageTarget::File(path.strip_prefix("//").unwrap_or(path).to_owned()),
        None => {
            let endpoint = endpoint.as_ref().map_or(ENDPOINT, |text| text.trim_matches('/'));
            LineageTarget::Http(format!("{}/{endpoint}", url.trim_end_matches('/')))
        }
    };
    let is_file = matches!(&target, LineageTarget::File(_));
    if !is_file
        && !["http://", "https://"].iter().any(|begin| url.starts_with(begin))
        && !has_secret(&url)
    {
        let message = format!("`{}` is no place for events", url.text);
        report.error("spec::open-lineage", url.span, &url_path, message).hint =
            Some("it begins with `https://`, `http://` or `file:`".to_owned());
    }
    if let (true, Some(key)) = (is_file, &api_key) {
        report.error("spec::open-lineage", key.span, &key_path, "a file takes no `apiKey`").hint =
            Some("remove it, or give the `url` of a server".to_owned());
    }
    if let (true, Some(endpoint)) = (is_file, &endpoint) {
        report
            .error("spec::open-lineage", endpoint.span, &endpoint_path, "a file has no `endpoint`")
            .hint = Some("remove it".to_owned());
    }
    Some(OpenLineage {
        target,
        namespace: namespace.unwrap_or_else(|| NAMESPACE.to_owned()),
        api_key: api_key.map(|key| key.text),
    })
}
