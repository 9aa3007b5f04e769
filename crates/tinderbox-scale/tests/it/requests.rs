//! Requests of `POST /submit-job`: what is read and everything that is refused.

use serde_json::{Value, json};
use tinderbox_scale::{JobKind, JobRequest, Task, asks_async, body_hash};

/// The request of the documentation, word by word.
const DOCUMENTED: &str = r#"{
  "job_id": "job_001",
  "s3_path": "user123/datasets/sales.csv",
  "job_config": {
    "type": "descriptive",
    "tasks": ["row_count", "min_max_mean", "null_percentage"]
  },
  "node_list": [1, 2, 4, 8]
}"#;

fn documented() -> Value {
    serde_json::from_str(DOCUMENTED).unwrap()
}

/// What is said about a request, a line each.
fn faults(body: &Value) -> Vec<String> {
    let found = JobRequest::parse(body.to_string().as_bytes()).unwrap_err();
    found
        .into_iter()
        .map(|fault| match &fault.hint {
            Some(hint) => format!("{fault} ({hint})"),
            None => fault.to_string(),
        })
        .collect()
}

fn with(change: impl Fn(&mut Value)) -> Value {
    let mut body = documented();
    change(&mut body);
    body
}

#[test]
fn the_documented_request_is_read() {
    let request = JobRequest::parse(DOCUMENTED.as_bytes()).unwrap();
    assert_eq!(request.job_id, "job_001");
    assert_eq!((request.user.as_str(), request.format), ("user123", "csv"));
    assert_eq!(request.kind, JobKind::Descriptive);
    assert_eq!(request.tasks, [Task::RowCount, Task::MinMaxMean, Task::NullPercentage]);
    assert_eq!(request.node_list, [1, 2, 4, 8]);
    assert_eq!((request.repeats, request.warm_up, request.save_models), (3, 1, false));
    assert_eq!(request.result_path(), "user123/result/job_001/output");
    let arguments = request.arguments("s3a://b/user123/datasets/sales.csv", "/tmp/r.json", "", 4);
    assert_eq!(
        arguments,
        [
            "--input=s3a://b/user123/datasets/sales.csv",
            "--format=csv",
            "--tasks=row_count,min_max_mean,null_percentage",
            "--parameters={}",
            "--result=/tmp/r.json",
            "--executors=4",
            "--warm-up=1",
            "--repeats=3",
        ]
    );
}

#[test]
fn everything_wrong_is_told_at_once() {
    let body = json!({
        "job_id": "../x",
        "s3_path": "u/../../etc/passwd.csv",
        "job_config": {
            "type": "descriptive",
            "tasks": ["row_cuont", "kmeans", "row_count", "row_count", 7],
            "format": "xlsx",
            "repeats": 0,
            "clutser": "x"
        },
        "node_list": [0, -1, 2, 2, 1.5, "4", 5000],
        "nodes": 3
    });
    assert_eq!(
        faults(&body),
        [
            "nodes: is no field of a request (one of job_id, s3_path, job_config, node_list)",
            "job_id: cannot be the name of a folder of results (letters, digits, `.`, `_` and `-`, at most 128, beginning with a letter or digit)",
            "s3_path: has the part `..`, which leads elsewhere (write the path without empty parts, `.` and `..`)",
            "node_list[0]: must be a whole number from 1 to 1024, not 0",
            "node_list[1]: must be a whole number from 1 to 1024, not -1",
            "node_list[3]: 2 stands twice (name each number once; `job_config.repeats` measures more often)",
            "node_list[4]: must be a whole number from 1 to 1024, not 1.5",
            "node_list[5]: must be a whole number from 1 to 1024, not the text \"4\"",
            "node_list[6]: must be a whole number from 1 to 1024, not 5000",
            "job_config.clutser: is no field of a request (did you mean `cluster`?)",
            "job_config.tasks[0]: there is no task `row_cuont` (did you mean `row_count`?)",
            "job_config.tasks[1]: `kmeans` is a task of type `ml` (a job has one type; make two jobs of it)",
            "job_config.tasks[3]: `row_count` stands twice (name each task once)",
            "job_config.tasks[4]: must be the name of a task, not 7",
            "job_config.format: `xlsx` is no format that is read (one of csv, json, text, parquet)",
            "job_config.repeats: must be a whole number from 1 to 100, not 0",
        ]
    );
}

#[test]
fn missing_fields_and_wrong_types() {
    assert_eq!(
        faults(&json!({})),
        [
            "job_id: is missing",
            "s3_path: is missing",
            "node_list: is missing",
            "job_config: is missing"
        ]
    );
    assert_eq!(faults(&json!([1])), ["body: must be an object, not a list"]);
    let body = json!({"job_id": 1, "s3_path": [], "job_config": {}, "node_list": {}});
    assert_eq!(
        faults(&body),
        [
            "job_id: must be a text, not 1",
            "s3_path: must be a text, not an empty list",
            "node_list: must be a list of at least one number of nodes, not an object",
            "job_config.type: is missing",
            "job_config.tasks: is missing",
        ]
    );
    let none = with(|body| body["node_list"] = json!([]));
    assert_eq!(
        faults(&none),
        ["node_list: must be a list of at least one number of nodes, not an empty list"]
    );
    let many = with(|body| body["node_list"] = json!((1..=17).collect::<Vec<u32>>()));
    assert!(faults(&many)[0].contains("17 entries"));
    let none = with(|body| body["job_config"]["tasks"] = json!([]));
    assert!(faults(&none)[0].starts_with("job_config.tasks: must be a list"));
    let kind = with(|body| body["job_config"]["type"] = json!("mll"));
    assert!(faults(&kind)[0].contains("did you mean `ml`?"));
    let broken = JobRequest::parse(b"{\"job_id\": ").unwrap_err();
    assert!(broken[0].to_string().starts_with("body: is no JSON"));
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    for path in [
        "",
        "/",
        "/etc/passwd.csv",
        "u",
        "u/",
        "u//a.csv",
        "u/./a.csv",
        "u/../v/a.csv",
        "../a/b.csv",
        "u/..%2fv/a.csv",
        "u/%2e%2E/v.csv",
        "u/a%2fb.csv",
        "u\\..\\v.csv",
        "u/*.csv",
        "*/a.csv",
        "u/{a,b}.csv",
        "u/[ab].csv",
        "u/a?.csv",
        "s3://other/u/a.csv",
        "s3a://other/u/a.csv",
        "u/a\n.csv",
        "u/a\u{0}.csv",
        "./u/a.csv",
        "u/%5c..%5cv.csv",
    ] {
        let body = with(|body| body["s3_path"] = json!(path));
        let found = faults(&body);
        assert!(found[0].starts_with("s3_path: "), "{path:?}: {found:?}");
    }
    let long = with(|body| body["s3_path"] = json!(format!("u/{}.csv", "a".repeat(1_100))));
    assert!(faults(&long)[0].contains("1024"));
    for (path, format) in [
        ("u/a.csv", "csv"),
        ("u/ä ö/größe.CSV", "csv"),
        ("u/a.json.gz", "json"),
        ("u/a.jsonl", "json"),
        ("u/a.txt", "text"),
        ("u/x/y.parquet/", "parquet"),
        ("u/..a/b.csv", "csv"),
        ("u/100%.csv", "csv"),
    ] {
        let body = with(|body| body["s3_path"] = json!(path));
        let request = JobRequest::parse(body.to_string().as_bytes()).unwrap();
        assert_eq!((request.format, request.user.as_str()), (format, "u"), "{path}");
        assert!(!request.s3_path.ends_with('/'));
    }
    let untold = with(|body| body["s3_path"] = json!("u/data"));
    assert!(faults(&untold)[0].contains("set `job_config.format`"));
    let told = with(|body| {
        body["s3_path"] = json!("u/data");
        body["job_config"]["format"] = json!("parquet");
    });
    assert_eq!(JobRequest::parse(told.to_string().as_bytes()).unwrap().format, "parquet");
}

#[test]
fn parameters_of_tasks_are_checked() {
    let ml = |parameters: Value| {
        with(|body| {
            body["job_config"] = json!({
                "type": "ml", "tasks": ["kmeans", "regression", "timeseries"], "parameters": parameters.clone(), "save_models": true,
            });
        })
    };
    let sound =
        ml(json!({"kmeans": {"k": 4, "columns": ["a"]}, "regression": {"test_share": 0.25}}));
    let request = JobRequest::parse(sound.to_string().as_bytes()).unwrap();
    let arguments = request.arguments("i", "r", "s3a://b/m", 1);
    assert!(arguments.contains(&"--models=s3a://b/m".to_owned()));
    assert!(arguments.iter().any(|one| one.contains("\"k\":4")), "{arguments:?}");
    let wrong = ml(json!({
        "kmeans": {"k": 1, "kk": 2, "columns": []}, "regression": {"test_share": 1, "label": ""}, "fpgrowth": {}, "timeseries": {"unit": "year"},
    }));
    assert_eq!(
        faults(&wrong),
        [
            "job_config.parameters.fpgrowth: `fpgrowth` is none of the job's tasks (one of kmeans, regression, timeseries)",
            "job_config.parameters.kmeans.columns: must be a list of texts, not an empty list",
            "job_config.parameters.kmeans.k: must be a whole number from 2 to 10000, not 1",
            "job_config.parameters.kmeans.kk: `kmeans` has no parameter `kk` (did you mean `k`?)",
            "job_config.parameters.regression.label: must be a text, not the text \"\"",
            "job_config.parameters.regression.test_share: must be a number between 0 and 1, not 1",
            "job_config.parameters.timeseries.unit: must be one of hour, day, week, month, not the text \"year\"",
        ]
    );
}

#[test]
fn bodies_that_say_the_same_have_one_hash() {
    let hash = |text: &str| body_hash(text.as_bytes()).unwrap();
    let same = hash(DOCUMENTED);
    assert_eq!(same.len(), 64);
    assert_eq!(same, hash(&documented().to_string()));
    let other_order = r#"{"node_list":[1,2,4,8],"job_config":{"tasks":["row_count","min_max_mean","null_percentage"],"type":"descriptive"},"s3_path":"user123/datasets/s\u0061les.csv","job_id":"job_001"}"#;
    assert_eq!(same, hash(other_order));
    assert_ne!(same, hash(&with(|body| body["node_list"] = json!([1, 2, 8, 4])).to_string()));
    assert_ne!(hash(r#"{"a":"b,c"}"#), hash(r#"{"a":["b","c"]}"#));
    assert_eq!(body_hash(b"no"), None);
}

#[test]
fn a_program_holds_its_arguments_as_python_reads_them() {
    let arguments =
        ["--input=s3a://b/a \"b\" \\ c.csv".to_owned(), "--x=ü 😀\n$(y) 'z'".to_owned()];
    let program = tinderbox_scale::program_with(&arguments);
    assert!(!program.contains("sys.argv[1:]"));
    let script = "import ast, sys; tree = ast.parse(sys.stdin.read()); call = tree.body[-1].body[0].value.args[0].args[0]; print(ascii(ast.literal_eval(call)))";
    let mut child = std::process::Command::new("python3")
        .args(["-c", script])
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), program.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        r#"['--input=s3a://b/a "b" \\ c.csv', "--x=\xfc \U0001f600\n$(y) 'z'"]"#
    );
}

#[test]
fn async_is_asked_for_by_the_query() {
    for (query, asked) in [
        (None, false),
        (Some(""), false),
        (Some("async=true"), true),
        (Some("x=1&async"), true),
        (Some("async=1"), true),
        (Some("async=false"), false),
        (Some("asynchronous=true"), false),
    ] {
        assert_eq!(asks_async(query), Ok(asked), "{query:?}");
    }
    assert!(asks_async(Some("async=maybe")).is_err());
}

proptest::proptest! {
    #[test]
    fn no_body_panics_and_no_accepted_path_escapes(path in "[a-z./%2eF\\\\* ]{0,24}", id in ".{0,12}") {
        let body = json!({"job_id": id, "s3_path": path, "job_config": {"type": "ml", "tasks": ["kmeans"], "format": "csv"}, "node_list": [1]});
        if let Ok(request) = JobRequest::parse(body.to_string().as_bytes()) {
            let user = format!("{}/", request.user);
            proptest::prop_assert!(request.s3_path.starts_with(&user));
            let is_sound = |segment: &str| !segment.is_empty() && segment != "." && segment != "..";
            proptest::prop_assert!(request.s3_path.split('/').all(is_sound));
            proptest::prop_assert!(!request.job_id.contains(['/', '\\']) && !request.job_id.starts_with('.'));
        }
    }
}
