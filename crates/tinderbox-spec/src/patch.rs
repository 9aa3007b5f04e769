//! Changes of a document's text in place: comments, order and everything else stay as they are.

mod edit;

use crate::ParameterType;
use crate::cluster::CLUSTER_PROPERTIES;
use crate::diagnostic::Report;
use crate::document::read_root;
use crate::error::Error;
use crate::graph::{Draft, drafts};
use crate::nearest::suggestion;
use crate::tree::Tree;
use edit::{Edit, Steps, set};
pub(crate) use edit::{double_quoted, quoted_if_needed};
use tinderbox_model::Patch;

/// Applies patches in their order to the text of a document. Applying the same patches again changes nothing.
///
/// One fact keeps one home: a property that the `cluster` section states is changed there; a resource that
/// `configuration.sparkConf` overrides is changed there too, as it would have no effect otherwise.
/// Values are written as they are: whether the job is still sound is for [`crate::load`] to say.
///
/// # Errors
/// [`Error::Document`] when `text` is not a readable document, [`Error::Patch`] when a patch names a field, node or
/// parameter that does not exist, or a place that cannot be edited safely. Nothing is changed then.
pub fn apply_patches(text: &str, patches: &[Patch]) -> Result<String, Error> {
    patches.iter().try_fold(text.to_owned(), |text, patch| apply(&text, patch))
}

fn apply(text: &str, patch: &Patch) -> Result<String, Error> {
    let root = read(text)?;
    let refuse = |reason: String| Error::Patch { patch: patch.to_string(), reason };
    let edits = match patch {
        Patch::Configuration { key, value } => vec![configuration(&root, key, value)],
        Patch::Resource { field, value } => resource(&root, field, value).map_err(refuse)?,
        Patch::NodeParameter { node, parameter, value } => {
            vec![node_parameter(&root, node.as_str(), parameter, value).map_err(refuse)?]
        }
    };
    let mut text = text.to_owned();
    for edit in edits {
        let root = read(&text)?;
        text = set(&text, &root, &edit).map_err(refuse)?;
    }
    Ok(text)
}

fn read(text: &str) -> Result<Tree, Error> {
    let mut report = Report::new("job", text);
    read_root(text, &mut report).ok_or_else(|| Error::Document(report.into_sorted()))
}

fn configuration(root: &Tree, key: &str, value: &str) -> Edit {
    let spark_conf = Edit::scalar(Steps::keys(&["configuration", "sparkConf", key]), value);
    if spark_conf.is_present_in(root) {
        return spark_conf;
    }
    CLUSTER_PROPERTIES
        .iter()
        .find(|(_, property)| *property == key)
        .map(|(field, _)| Edit::scalar(cluster_steps(field), value))
        .filter(|edit| edit.is_present_in(root))
        .unwrap_or(spark_conf)
}

fn resource(root: &Tree, field: &str, value: &str) -> Result<Vec<Edit>, String> {
    let known = CLUSTER_PROPERTIES.iter().find(|(known, _)| *known == field);
    if known.is_none() && field != "version" {
        let fields: Vec<&str> =
            CLUSTER_PROPERTIES.iter().map(|(known, _)| *known).chain(["version"]).collect();
        return Err(format!("`cluster` has no field `{field}`; {}", suggestion(field, &fields)));
    }
    let in_cluster = Edit::scalar(cluster_steps(field), value);
    let in_conf = known
        .map(|(_, property)| {
            Edit::scalar(Steps::keys(&["configuration", "sparkConf", property]), value)
        })
        .filter(|edit| edit.is_present_in(root));
    Ok(std::iter::once(in_cluster).chain(in_conf).collect())
}

fn cluster_steps(field: &str) -> Steps {
    let keys: Vec<&str> = std::iter::once("cluster").chain(field.split('.')).collect();
    Steps::keys(&keys)
}

fn node_parameter(root: &Tree, id: &str, parameter: &str, value: &str) -> Result<Edit, String> {
    let drafts = root.at(&["pipeline"]).map(drafts).unwrap_or_default();
    let Some(draft) = drafts.iter().find(|draft| draft.id == id) else {
        let ids: Vec<&str> = drafts.iter().map(|draft| draft.id.as_str()).collect();
        return Err(format!("there is no node `{id}`; {}", suggestion(id, &ids)));
    };
    let kind = parameter_type(draft, parameter)?;
    let is_nested =
        |tree: &Tree| tree.at(&["parameters"]).is_some_and(|nested| nested.as_map().is_some());
    let stands_beside = draft.tree.at(&[parameter]).is_some();
    let keys: &[&str] = if is_nested(draft.tree) && !stands_beside {
        &["parameters", parameter]
    } else {
        &[parameter]
    };
    let list = draft.kind.list_key();
    let place =
        drafts.iter().filter(|other| other.kind == draft.kind).position(|other| other.id == id);
    let steps = Steps::item(&["pipeline", list], place.unwrap_or_default(), keys);
    let takes_collection = !matches!(kind, Some(ParameterType::Text | ParameterType::OneOf(_)));
    Ok(if takes_collection && value.trim_start().starts_with(['[', '{']) {
        Edit::collection(steps, value)
    } else {
        Edit::scalar(steps, value)
    })
}

/// The type of a node's parameter; `None` for `input`.
fn parameter_type(draft: &Draft<'_>, name: &str) -> Result<Option<ParameterType>, String> {
    let Some(component) = draft.component else {
        return Err(format!("the type of the node `{}` is not known", draft.id));
    };
    if let Some(parameter) = component.parameter(name) {
        return Ok(Some(parameter.kind));
    }
    if name == "input" {
        return Ok(None);
    }
    let names: Vec<&str> = component.parameters.iter().map(|parameter| parameter.name).collect();
    Err(format!("`{}` has no parameter `{name}`; {}", component.name, suggestion(name, &names)))
}
