//! `tinderbox spec …`: to begin a spec and to look up what one can hold.

use crate::place::Place;
use std::process::Output;

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

#[test]
fn a_new_spec_is_sound_and_none_is_overwritten() {
    let place = Place::new();
    let file = place.path("daily-revenue.yaml");
    let file = file.to_str().unwrap();
    let output = place.ask(&["spec", "new", file]);
    assert!(output.status.success(), "{}", said(&output));
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("name: 'daily-revenue'"), "{text}");
    let checked = place.ask_json(&["check", file]);
    assert_eq!(checked["valid"], true, "{checked}");
    assert_eq!(checked["diagnostics"].as_array().map(Vec::len), Some(0), "{checked}");

    let again = place.ask(&["spec", "new", file, "--name", "other"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(said(&again).contains("hint: give the path of a new file"), "{}", said(&again));
    assert_eq!(std::fs::read_to_string(file).unwrap(), text);
    let nowhere = place.ask(&["spec", "new", "no/such/folder/x.yaml"]);
    assert_eq!(nowhere.status.code(), Some(2));
}

#[test]
fn the_schema_is_the_committed_one() {
    let output = Place::new().ask(&["spec", "schema"]);
    let committed = include_str!("../../../../schemas/jobspec.schema.json");
    assert_eq!(String::from_utf8_lossy(&output.stdout), committed);
}

#[test]
fn row_1_1_components_are_listed_with_their_parameters() {
    let place = Place::new();
    let all = place.ask_json(&["spec", "components"]);
    let all = all.as_array().unwrap();
    for (kind, name) in [("source", "parquet"), ("transformation", "explode"), ("sink", "table")] {
        let found = all.iter().find(|c| c["kind"] == kind && c["name"] == name);
        assert!(found.is_some(), "{kind} {name}");
    }
    let text = said(&place.ask(&["spec", "components", "limit"]));
    assert!(text.contains("rows") && text.contains("whole number from 0; required"), "{text}");
    let unknown = place.ask(&["spec", "components", "teleport"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(said(&unknown).contains("hint: one of: file"), "{}", said(&unknown));
}

#[test]
fn two_specs_are_compared_by_what_they_say() {
    let place = Place::new();
    let text = include_str!("../../../../examples/customer-analytics.yaml");
    let old = place.write("old.yaml", text);
    let new = place.write("new.yaml", &text.replace("how: inner", "how: left"));
    let (old, new) = (old.to_str().unwrap(), new.to_str().unwrap());
    let same = place.ask(&["spec", "diff", old, old]);
    assert_eq!((same.status.code(), said(&same).as_str()), (Some(0), "no difference\n"));
    let other = place.ask(&["spec", "diff", old, new]);
    assert_eq!(other.status.code(), Some(1));
    assert_eq!(said(&other), "~ adult_purchases\n    how: inner -> left\n");
    let json = place.ask_json(&["spec", "diff", old, new]);
    assert_eq!(json[0]["fields"][0]["path"], "how", "{json}");
    let broken = place.write("broken.yaml", "name: x");
    let broken = place.ask(&["spec", "diff", old, broken.to_str().unwrap()]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(said(&broken).contains("spec::empty-pipeline"), "{}", said(&broken));
}

#[test]
fn row_6_11_lineage_is_printed_of_all_columns_and_of_one() {
    let place = Place::new();
    let file = place.write(
        "job.yaml",
        "name: job\npipeline:\n  sources:\n    - {id: orders, type: parquet, path: in, schema: 'id BIGINT, amount INT'}\n  transformations:\n    - {id: gross, type: map, columns: {gross: amount * 2}}\n    - {id: few, type: filter, condition: gross > 10}\n  sinks:\n    - {id: out, type: parquet, path: out}\n",
    );
    let file = file.to_str().unwrap();
    let all = place.ask_json(&["lineage", file]);
    assert_eq!(all["nodes"].as_array().map(Vec::len), Some(4), "{all}");
    let few = &all["nodes"][2];
    assert_eq!(few["columns"][2]["name"], "gross", "{few}");
    assert_eq!(
        few["columns"][2]["origins"][0],
        serde_json::json!({"node": "orders", "column": "amount"})
    );
    assert_eq!(few["rows"][0]["transformation"], "FILTER", "{few}");
    let one = place.ask(&["lineage", file, "--column", "out.gross"]);
    assert!(said(&one).contains("gross                    from orders.amount"), "{}", said(&one));
    let unknown = place.ask(&["lineage", file, "--column", "out.net"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(said(&unknown).contains("hint: its columns: id, amount, gross"), "{}", said(&unknown));
}

#[test]
fn row_1_2_specs_are_formatted_in_place_and_only_when_asked() {
    let place = Place::new();
    let text = "pipeline:\n    sources: [{type: 'parquet', path: in}]\n    sinks: [{type: parquet, path: out}]\n# its name\nname: job\n";
    let file = place.write("job.yaml", text);
    let path = file.to_str().unwrap();
    let checked = place.ask(&["spec", "fmt", path, "--check"]);
    assert_eq!(checked.status.code(), Some(1), "{}", said(&checked));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    let formatted = place.ask(&["spec", "fmt", path]);
    assert!(formatted.status.success(), "{}", said(&formatted));
    let expected = "# its name\nname: job\n\npipeline:\n  sources: [{type: parquet, path: in}]\n  sinks: [{type: parquet, path: out}]\n";
    assert_eq!(std::fs::read_to_string(&file).unwrap(), expected);
    assert!(place.ask(&["spec", "fmt", path, "--check"]).status.success());
    place.write("job.yaml", "name: job\npipeline:\n  sources:\n    - - a\n");
    let refused = place.ask(&["spec", "fmt", path]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("line 4: a list stands in a list"), "{}", said(&refused));
}

#[test]
fn row_1_2_specs_are_upgraded_in_place() {
    let place = Place::new();
    let file = place.write(
        "job.yaml",
        include_str!("../../../tinderbox-spec/tests/fixtures/seed-customer-analytics.yaml"),
    );
    let path = file.to_str().unwrap();
    let before = place.ask(&["compile", path]).stdout;
    let upgraded = place.ask(&["spec", "upgrade", path]);
    assert!(upgraded.status.success(), "{}", said(&upgraded));
    assert!(said(&upgraded).contains("line 1: `version: 1` added"), "{}", said(&upgraded));
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .starts_with("version: 1\nname: customer-analytics\n")
    );
    assert_eq!(place.ask(&["compile", path]).stdout, before);
    assert!(said(&place.ask(&["spec", "upgrade", path])).contains("nothing to change"));
    place.write("job.yaml", "name: job\n");
    let refused = place.ask(&["spec", "upgrade", path]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("job.yaml:"), "{}", said(&refused));
}

#[test]
fn row_1_2_included_files_are_read_beside_the_spec() {
    let place = Place::new();
    std::fs::create_dir(place.path("shared")).unwrap();
    place.write(
        "shared/common.yaml",
        "include: shared/sizes.yaml\nparameters: {folder: from_common}\n",
    );
    place.write("shared/sizes.yaml", "cluster: {executor: {memory: 3g}}\n");
    let text = "name: job\ninclude: shared/common.yaml\npipeline:\n  sources: [{type: parquet, path: '${param:folder}'}]\n  sinks: [{type: parquet, path: out}]\n";
    let file = place.write("job.yaml", text);
    let compiled = place.ask_json(&["compile", file.to_str().unwrap()]);
    assert!(compiled["pyspark"].as_str().unwrap().contains("\"from_common\""), "{compiled}");
    assert_eq!(compiled["launch_conf"]["spark.executor.memory"], "3g");
    place.write("shared/sizes.yaml", "\ncluster: {executor: {memory: much}}\n");
    let wrong = place.ask(&["check", file.to_str().unwrap()]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(said(&wrong).contains("shared/sizes.yaml:2:30: error[spec::"), "{}", said(&wrong));
    std::fs::remove_file(place.path("shared/sizes.yaml")).unwrap();
    let missing = place.ask(&["check", file.to_str().unwrap()]);
    assert!(
        said(&missing).contains("shared/common.yaml:1:10: error[spec::include-file]"),
        "{}",
        said(&missing)
    );
}
