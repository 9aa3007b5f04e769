//! Parameters of tasks: `job_config.parameters: {task: {name: value}}`.

use crate::request::{Fault, kind_of, nearest};
use crate::task::{Kind, Task};
use serde_json::{Map, Value};

/// Checks them; what is checked is given to the program as it is.
pub(crate) fn check(value: &Value, tasks: &[Task], faults: &mut Vec<Fault>) -> Map<String, Value> {
    const FIELD: &str = "job_config.parameters";
    let Some(by_task) = value.as_object() else {
        faults.push(Fault::of_type(FIELD, "an object of tasks", value));
        return Map::new();
    };
    for (name, parameters) in by_task {
        let field = format!("{FIELD}.{name}");
        let Some(task) = tasks.iter().copied().find(|task| task.name() == name) else {
            let names: Vec<&str> = tasks.iter().map(|task| task.name()).collect();
            let message = format!("`{name}` is none of the job's tasks");
            faults.push(Fault::new(field, message, nearest(name, &names)));
            continue;
        };
        let Some(given) = parameters.as_object() else {
            faults.push(Fault::of_type(&field, "an object of parameters", parameters));
            continue;
        };
        let known = task.parameters();
        for (parameter, value) in given {
            let field = format!("{field}.{parameter}");
            match known.iter().find(|(name, _)| name == parameter) {
                Some((_, kind)) => check_value(&field, *kind, value, faults),
                None => {
                    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                    let message = format!("`{}` has no parameter `{parameter}`", task.name());
                    let hint = if names.is_empty() {
                        "it has none; remove it".to_owned()
                    } else {
                        nearest(parameter, &names)
                    };
                    faults.push(Fault::new(field, message, hint));
                }
            }
        }
    }
    by_task.clone()
}

fn check_value(field: &str, kind: Kind, value: &Value, faults: &mut Vec<Fault>) {
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let number = value.as_f64();
    let (is_sound, wanted) = match kind {
        Kind::Text => (is_text(value), "a text".to_owned()),
        Kind::Texts => (
            value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(is_text)),
            "a list of texts".to_owned(),
        ),
        Kind::Whole(least, most) => (
            value
                .as_u64()
                .is_some_and(|number| (u64::from(least)..=u64::from(most)).contains(&number)),
            format!("a whole number from {least} to {most}"),
        ),
        Kind::Share => (
            number.is_some_and(|number| number > 0.0 && number < 1.0),
            "a number between 0 and 1".to_owned(),
        ),
        Kind::NotNegative => {
            (number.is_some_and(|number| number >= 0.0), "a number from 0".to_owned())
        }
        Kind::OneOf(words) => (
            value.as_str().is_some_and(|word| words.contains(&word)),
            format!("one of {}", words.join(", ")),
        ),
    };
    if !is_sound {
        let message = format!("must be {wanted}, not {}", kind_of(value));
        faults.push(Fault::new(field, message, String::new()));
    }
}
