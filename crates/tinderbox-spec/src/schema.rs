//! The JSON Schema of job documents, from the registry: what editors complete and check with.
//!
//! It says less than [`crate::load`]: a document that it refuses is wrong, one that it takes may still be.

mod expectations;
mod tests;

use crate::component::{Component, NodeKind, Parameter, ParameterType, components};
use serde_json::{Map, Value, json};

/// The schema, in the form of JSON Schema 2020-12, with a line feed at the end. The same version gives the same bytes.
pub fn json_schema() -> String {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tinderbox job",
        "type": "object",
        "required": ["name"],
        "anyOf": [{ "required": ["pipeline"] }, { "required": ["application"] }],
        "additionalProperties": false,
        "properties": {
            "version": described(json!({"const": 1}), "Version of this format."),
            "id": text("Id of the document."),
            "name": text("The job's name, which is the application's name on Spark."),
            "description": text("What the job is for."),
            "type": words(&["batch", "streaming"], "Whether it ends by itself."),
            "status": words(&["draft", "running", "completed", "failed"], "Status of the document."),
            "include": described(
                json!({"anyOf": [scalar(), {"type": ["array", "null"], "items": scalar()}]}),
                "Files with sections that lie under this document's own.",
            ),
            "parameters": described(
                by_name(scalar()),
                "Values that `${param:name}` stands for, with their defaults.",
            ),
            "environments": described(
                by_name(environment()),
                "What `--env NAME` lays over the document.",
            ),
            "components": described(
                json!({"type": ["array", "null"], "items": {"anyOf": [scalar(), component()]}}),
                "Custom components: files, or the components themselves.",
            ),
            "cluster": cluster(),
            "pipeline": pipeline(),
            "application": application(),
            "quarantine": expectations::quarantine(),
            "udfs": described(
                by_name(block(
                    "A function of a Python file.",
                    &["file", "function", "returns"],
                    json!({
                        "file": text("Python file, shipped with the job."),
                        "function": text("Function of the file."),
                        "returns": text("Type of the result, as in SQL."),
                        "kind": words(&["python", "pandas"], "Whether it takes values or series of pandas."),
                    }),
                )),
                "Python functions that SQL knows, by their names there.",
            ),
            "configuration": configuration(),
            "schedule": schedule(&["type", "expression"]),
            "monitoring": monitoring(),
            "tests": tests::tests(),
        },
        "$defs": {
            "reference": {
                "description": "A value that is put in from elsewhere.",
                "type": "string",
                "pattern": r"\$\{(param|secret):[^}]+\}",
            },
            "scalar": { "type": ["string", "number", "boolean", "null"] },
            "texts": {
                "anyOf": [
                    { "$ref": "#/$defs/scalar" },
                    { "type": "array", "items": { "$ref": "#/$defs/scalar" } },
                ],
            },
        },
    });
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn schedule(required: &[&str]) -> Value {
    let properties = json!({
        "type": words(&["cron", "event"], "By time or by event."),
        "expression": text("A cron expression, or the event."),
    });
    block("When to run.", required, properties)
}

fn monitoring() -> Value {
    let minutes = or_reference(json!({"type": "number", "exclusiveMinimum": 0}));
    let properties = json!({
        "alerts": described(json!({"type": ["array", "null"]}), "Alerts."),
        "sla": described(minutes, "Longest time of a run, in minutes."),
    });
    block("What to watch.", &[], properties)
}

/// What stands in one is laid over the document, so nothing is required.
fn environment() -> Value {
    let properties = json!({
        "parameters": described(by_name(scalar()), "Values of declared parameters."),
        "cluster": cluster(),
        "configuration": configuration(),
        "schedule": schedule(&[]),
        "monitoring": monitoring(),
    });
    block("An environment.", &[], properties)
}

fn component() -> Value {
    let properties = json!({
        "component": text("Its name: what stands under `type`."),
        "description": text("What it is for."),
        "parameters": described(by_name(json!({})), "Its parameters with their defaults; without one a node must have it."),
        "inputs": described(json!({"$ref": "#/$defs/texts"}), "Names under which its nodes read what the node reads; `input` when left out."),
        "transformations": described(json!({"type": "array"}), "Its nodes."),
        "output": text("The node that gives its rows; the last one when left out."),
    });
    block("A custom component.", &["component", "transformations"], properties)
}

fn application() -> Value {
    let texts = |purpose: &str| described(json!({ "$ref": "#/$defs/texts" }), purpose);
    let properties = json!({
        "file": text("The program: a path or an address that ends in .py or .jar."),
        "main_class": text("Of a jar; that of its manifest when left out."),
        "args": texts("What it is called with."),
        "files": texts("Files for the working folder of every executor."),
        "py_files": texts("Python files and archives to import from."),
        "jars": texts("Jars for the class path."),
        "packages": texts("Maven coordinates (group:artifact:version)."),
    });
    let purpose = "A Python program or a jar that is run as it is, instead of a pipeline.";
    block(purpose, &["file"], properties)
}

fn pipeline() -> Value {
    let lists = [NodeKind::Source, NodeKind::Transformation, NodeKind::Sink].map(|kind| {
        let list = json!({ "type": ["array", "null"], "items": node(kind) });
        let purpose = match kind {
            NodeKind::Source => "Nodes that read data in.",
            NodeKind::Transformation => "Nodes that make data from data, each from the one before unless `input` says otherwise.",
            NodeKind::Sink => "Nodes that write data out.",
        };
        (kind.list_key().to_owned(), described(list, purpose))
    });
    block("What the job does.", &[], Value::Object(lists.into_iter().collect()))
}

/// A node of any type of this kind: what its type says of it comes in branches.
fn node(kind: NodeKind) -> Value {
    let of_kind: Vec<&Component> =
        components().filter(|component| component.kind == kind).collect();
    let names: Vec<&str> = of_kind.iter().map(|component| component.name).collect();
    let branches: Vec<Value> = of_kind.iter().map(|component| branch(component, &names)).collect();
    // `type` may be another word where `operation` is one of these, as in the interface `SparkJob`.
    let word =
        |purpose: &str| described(json!({ "anyOf": [{ "enum": names }, scalar()] }), purpose);
    let is_known = ["type", "operation"].map(|key| {
        json!({ "required": [key], "properties": { key: or_reference(json!({ "enum": names })) } })
    });
    json!({
        "type": "object",
        "properties": {
            "id": text("Name of the node, unique in the document."),
            "type": word("What the node does."),
            "operation": word("What the node does, where `type` does not say it."),
            "description": text("What the node is for: a comment of the program."),
            "input": described(json!({"$ref": "#/$defs/texts"}), "Ids of the nodes that it reads; the node before when left out."),
            "expectations": expectations::expectations(),
            "quarantine": expectations::quarantine(),
            "output": text("Another name under which nodes may read it."),
            "parameters": described(json!({"type": ["object", "null"]}), "Parameters, where they do not stand beside `type`."),
        },
        "anyOf": is_known,
        "allOf": branches,
    })
}

fn branch(component: &Component, names: &[&str]) -> Value {
    let is_it = json!({ "anyOf": [
        { "required": ["type"], "properties": { "type": { "const": component.name } } },
        {
            "required": ["operation"],
            "properties": {
                "operation": { "const": component.name },
                "type": { "not": { "enum": names } },
            },
        },
    ]});
    let properties: Map<String, Value> = component
        .all_parameters()
        .map(|parameter| (parameter.name.to_owned(), property(parameter)))
        .collect();
    let required: Vec<&str> = component
        .parameters
        .iter()
        .filter(|parameter| parameter.required)
        .map(|parameter| parameter.name)
        .collect();
    let mut then = json!({
        "description": component.purpose,
        "properties": properties,
    });
    if !required.is_empty() {
        // Parameters may stand in a block of their own instead.
        then["anyOf"] = json!([{ "required": required }, { "required": ["parameters"] }]);
    }
    json!({ "if": is_it, "then": then })
}

fn property(parameter: &Parameter) -> Value {
    let texts = || json!({ "$ref": "#/$defs/texts" });
    let form = match parameter.kind {
        ParameterType::Text => scalar(),
        ParameterType::OneOf(words) => or_reference(json!({ "enum": words })),
        ParameterType::Texts | ParameterType::Literals => texts(),
        ParameterType::TextByName | ParameterType::LiteralByName => by_name(scalar()),
        ParameterType::TextsByName => by_name(texts()),
        ParameterType::TextsOrTextByName => json!({ "anyOf": [texts(), by_name(scalar())] }),
        ParameterType::Count(least) => or_reference(json!({ "type": "integer", "minimum": least })),
        ParameterType::Share => {
            or_reference(json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 }))
        }
        ParameterType::Steps => {
            let steps = crate::operation::ml::steps::names();
            let steps: Map<String, Value> = steps
                .into_iter()
                .map(|step| (step.to_owned(), json!({ "type": "object" })))
                .collect();
            json!({ "type": "array", "items": {
                "type": "object",
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
                "properties": steps,
            }})
        }
        ParameterType::Integer => or_reference(json!({ "type": "integer" })),
        ParameterType::Boolean => or_reference(json!({ "type": "boolean" })),
    };
    let purpose = match parameter.default {
        Some(default) => format!("{} (default: {default})", parameter.purpose),
        None => parameter.purpose.to_owned(),
    };
    // A parameter that is left empty counts as left out.
    described(json!({ "anyOf": [form, { "type": "null" }] }), &purpose)
}

fn cluster() -> Value {
    let count = |least: u32, purpose: &str| {
        described(or_reference(json!({ "type": "integer", "minimum": least })), purpose)
    };
    let memory = |purpose: &str| described(scalar(), purpose);
    block(
        "What the job asks of the cluster.",
        &[],
        json!({
            "profile": described(scalar(), "The cluster profile that the job runs on; local Spark when left out."),
            "version": described(scalar(), "The Spark version that the job was made for, as \"3.5\"."),
            "driver": block("The driver.", &[], json!({
                "cores": count(1, "Cores."),
                "memory": memory("Heap, as 2g."),
            })),
            "executor": block("The executors.", &[], json!({
                "instances": count(1, "How many."),
                "cores": count(1, "Cores of each."),
                "memory": memory("Heap of each, as 4g."),
            })),
            "dynamicAllocation": block("Executors that come and go.", &[], json!({
                "enabled": described(or_reference(json!({ "type": "boolean" })), "Whether they do."),
                "minExecutors": count(0, "At least so many."),
                "maxExecutors": count(1, "At most so many."),
            })),
        }),
    )
}

fn configuration() -> Value {
    block(
        "Properties of Spark, and what the job needs.",
        &[],
        json!({
            "sparkConf": described(by_name(scalar()), "Spark properties by their whole name."),
            "dependencies": described(
                json!({ "$ref": "#/$defs/texts" }),
                "Maven coordinates (group:artifact:version), or paths of jars and Python files.",
            ),
            "checkpointLocation": text("Where checkpoints are written."),
            "openLineage": block("Where OpenLineage's events of runs go.", &[], json!({
                "url": text("Of a server, or `file:` and a path."),
                "endpoint": text("Below the server's URL; `api/v1/lineage` when left out."),
                "namespace": text("Of the job; `tinderbox` when left out."),
                "apiKey": text("For the header `Authorization`: `${secret:NAME}`."),
            })),
        }),
    )
}

fn block(purpose: &str, required: &[&str], properties: Value) -> Value {
    let mut schema = json!({
        "type": ["object", "null"],
        "additionalProperties": false,
    });
    schema["properties"] = properties;
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    described(schema, purpose)
}

fn described(mut schema: Value, purpose: &str) -> Value {
    schema["description"] = json!(purpose);
    schema
}

fn scalar() -> Value {
    json!({ "$ref": "#/$defs/scalar" })
}

fn text(purpose: &str) -> Value {
    described(scalar(), purpose)
}

fn words(words: &[&str], purpose: &str) -> Value {
    described(or_reference(json!({ "enum": words })), purpose)
}

fn by_name(value: Value) -> Value {
    let mut schema = json!({ "type": ["object", "null"] });
    schema["additionalProperties"] = value;
    schema
}

fn or_reference(schema: Value) -> Value {
    let any = vec![schema, json!({ "$ref": "#/$defs/reference" }), json!({ "type": "null" })];
    json!({ "anyOf": any })
}
