//! What Kubernetes refuses in an object, with its own words where clients or people read them
//! (apimachinery's `util/validation`, `pkg/apis/core/validation`).

use crate::kind::KindId;
use crate::quantity;
use serde_json::Value;

type Problems = Vec<(String, String)>;

/// All problems, as fields and what is wrong with each.
pub(crate) fn problems(kind: KindId, object: &Value) -> Problems {
    let mut problems = Problems::new();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let problem = match kind {
        KindId::NAMESPACE => label_problem(name),
        KindId::SERVICE => service_problem(name),
        _ => subdomain_problem(name),
    };
    problems.extend(problem.map(|what| ("metadata.name".to_owned(), invalid(name, &what))));
    for (key, value) in object["metadata"]["labels"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let bad = [
            key_problem(key).map(|what| (key.as_str(), what)),
            value_problem(value).map(|what| (value, what)),
        ];
        for (text, what) in bad.into_iter().flatten() {
            problems.push(("metadata.labels".to_owned(), invalid(text, &what)));
        }
    }
    for key in
        object["metadata"]["annotations"].as_object().into_iter().flatten().map(|(key, _)| key)
    {
        let what = key_problem(&key.to_lowercase());
        problems.extend(what.map(|what| ("metadata.annotations".to_owned(), invalid(key, &what))));
    }
    match kind {
        KindId::POD => pod_problems(&object["spec"], &mut problems),
        KindId::CONFIG_MAP | KindId::SECRET => size_problems(object, &mut problems),
        _ => {}
    }
    problems
}

/// The parts of an object that cannot be changed once it is there.
pub(crate) fn change_problems(kind: KindId, old: &Value, new: &Value) -> Problems {
    let mut problems = Problems::new();
    if kind == KindId::CONFIG_MAP || kind == KindId::SECRET {
        let fields = ["data", "binaryData", "immutable"];
        if old["immutable"] == true && fields.iter().any(|field| old[field] != new[field]) {
            let what = "Forbidden: field is immutable when `immutable` is set";
            problems.push(("data".to_owned(), what.to_owned()));
        }
    }
    if kind == KindId::POD && fixed_part(old) != fixed_part(new) {
        let what = "Forbidden: pod updates may not change fields other than \
                    `spec.containers[*].image`,`spec.initContainers[*].image`,\
                    `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
                    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        problems.push(("spec".to_owned(), what.to_owned()));
    }
    problems
}

fn fixed_part(pod: &Value) -> Value {
    let mut spec = pod["spec"].clone();
    if let Value::Object(fields) = &mut spec {
        fields.remove("activeDeadlineSeconds");
        fields.remove("tolerations");
        fields.remove("terminationGracePeriodSeconds");
    }
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            container["image"] = Value::Null;
        }
    }
    spec
}

fn pod_problems(spec: &Value, problems: &mut Problems) {
    let list = |field: &str| spec[field].as_array().map(Vec::as_slice).unwrap_or_default();
    if list("containers").is_empty() {
        problems.push(("spec.containers".to_owned(), "Required value".to_owned()));
    }
    let volumes: Vec<&str> =
        list("volumes").iter().filter_map(|volume| volume["name"].as_str()).collect();
    for (place, name) in volumes.iter().enumerate() {
        if volumes[..place].contains(name) {
            let field = format!("spec.volumes[{place}].name");
            problems.push((field, format!("Duplicate value: \"{name}\"")));
        }
    }
    let restart = spec["restartPolicy"].as_str().unwrap_or("Always");
    if !["Always", "OnFailure", "Never"].contains(&restart) {
        let what = format!(
            "Unsupported value: \"{restart}\": supported values: \"Always\", \"OnFailure\", \"Never\""
        );
        problems.push(("spec.restartPolicy".to_owned(), what));
    }
    for field in ["initContainers", "containers"] {
        let mut seen: Vec<&str> = Vec::new();
        for (place, container) in list(field).iter().enumerate() {
            let at = format!("spec.{field}[{place}]");
            container_problems(&at, container, &volumes, problems);
            let name = container["name"].as_str().unwrap_or_default();
            if seen.contains(&name) {
                problems.push((format!("{at}.name"), format!("Duplicate value: \"{name}\"")));
            }
            seen.push(name);
        }
    }
}

fn container_problems(at: &str, container: &Value, volumes: &[&str], problems: &mut Problems) {
    match container["name"].as_str().unwrap_or_default() {
        "" => problems.push((format!("{at}.name"), "Required value".to_owned())),
        name => {
            let what = label_problem(name);
            problems.extend(what.map(|what| (format!("{at}.name"), invalid(name, &what))));
        }
    }
    if container["image"].as_str().is_none_or(|image| image.trim().is_empty()) {
        problems.push((format!("{at}.image"), "Required value".to_owned()));
    }
    let mounts = container["volumeMounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (place, mount) in mounts.iter().enumerate() {
        let name = mount["name"].as_str().unwrap_or_default();
        if !volumes.contains(&name) {
            let field = format!("{at}.volumeMounts[{place}].name");
            problems.push((field, format!("Not found: \"{name}\"")));
        }
        let path = mount["mountPath"].as_str().unwrap_or_default();
        if mounts[..place].iter().any(|other| other["mountPath"] == path) {
            let field = format!("{at}.volumeMounts[{place}].mountPath");
            problems.push((field, format!("Invalid value: \"{path}\": must be unique")));
        }
    }
    let resources = &container["resources"];
    for (what, amount) in resources["requests"].as_object().into_iter().flatten() {
        let asked = amount_of(amount);
        let limit = &resources["limits"][what];
        let field = format!("{at}.resources.requests");
        match (asked, amount_of(limit)) {
            (None, _) => problems.push((
                format!("{field}[{what}]"),
                invalid(&amount.to_string(), "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
            )),
            (Some(asked), Some(limit_amount)) if asked > limit_amount => {
                let limit = limit.as_str().unwrap_or_default();
                let amount = amount.as_str().unwrap_or_default();
                let said = format!("must be less than or equal to {what} limit of {limit}");
                problems.push((field, invalid(amount, &said)));
            }
            _ => {}
        }
    }
}

fn amount_of(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => quantity::milli(text),
        Value::Number(number) => quantity::milli(&number.to_string()),
        _ => None,
    }
}

/// 1 MiB (`MaxSecretSize`): a request may be larger than what etcd takes of one object.
fn size_problems(object: &Value, problems: &mut Problems) {
    const LIMIT: usize = 1_048_576;
    let sizes = ["data", "binaryData", "stringData"].into_iter().flat_map(|field| {
        object[field]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(_, value)| value.as_str().unwrap_or_default().len())
    });
    if sizes.sum::<usize>() > LIMIT {
        problems.push(("[]".to_owned(), format!("Too long: must have at most {LIMIT} bytes")));
    }
}

fn invalid(value: &str, what: &str) -> String {
    format!("Invalid value: \"{value}\": {what}")
}

fn subdomain_problem(name: &str) -> Option<String> {
    if name.len() > 253 {
        return Some("must be no more than 253 characters".to_owned());
    }
    let good = !name.is_empty() && name.split('.').all(is_label);
    (!good).then(|| {
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start \
         and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
         '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            .to_owned()
    })
}

fn label_problem(name: &str) -> Option<String> {
    if name.len() > 63 {
        return Some("must be no more than 63 characters".to_owned());
    }
    (!is_label(name)).then(|| {
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
         with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
         '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
            .to_owned()
    })
}

fn service_problem(name: &str) -> Option<String> {
    if name.len() > 63 {
        return Some("must be no more than 63 characters".to_owned());
    }
    let good = is_label(name) && name.starts_with(|first: char| first.is_ascii_lowercase());
    (!good).then(|| {
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
         character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation \
         is '[a-z]([-a-z0-9]*[a-z0-9])?')"
            .to_owned()
    })
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && bytes.iter().all(|byte| inner(*byte))
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
}

fn key_problem(key: &str) -> Option<String> {
    let name = match key.split_once('/') {
        Some((prefix, name)) => {
            if let Some(what) = subdomain_problem(prefix) {
                return Some(format!("prefix part {what}"));
            }
            name
        }
        None => key,
    };
    if name.is_empty() {
        return Some("name part must be non-empty".to_owned());
    }
    value_problem(name).map(|what| format!("name part {what}"))
}

fn value_problem(value: &str) -> Option<String> {
    if value.len() > 63 {
        return Some("must be no more than 63 characters".to_owned());
    }
    let inner = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let edge = |character: Option<char>| character.is_none_or(|one| one.is_ascii_alphanumeric());
    let good = value.chars().all(inner) && edge(value.chars().next()) && edge(value.chars().last());
    (!good).then(|| {
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start \
         and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
         validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            .to_owned()
    })
}
