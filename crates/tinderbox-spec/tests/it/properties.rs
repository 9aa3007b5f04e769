use crate::rendered;
use proptest::prelude::*;
use tinderbox_model::{NodeId, Patch};
use tinderbox_spec::{Choice, Operation, apply_patches, compile_pyspark, load};

const DOCUMENTS: [&str; 5] = [
    include_str!("../../../../examples/customer-analytics.yaml"),
    include_str!("../fixtures/seed-customer-analytics.yaml"),
    include_str!("../fixtures/all-nodes.yaml"),
    include_str!("../fixtures/all-transformations.yaml"),
    include_str!("../fixtures/seed-spark-job.json"),
];

/// Bytes that mean something in YAML, and some that do not.
const BYTES: &[u8] = b"\t\n\r -:,[]{}#&*!|>'\"%@`?~$\\0a\xc3\xa4\x00";

fn mutated(document: usize, edits: &[(usize, u8, u8)]) -> String {
    let mut bytes = DOCUMENTS[document % DOCUMENTS.len()].as_bytes().to_vec();
    for (at, kind, byte) in edits {
        let at = at % bytes.len().max(1);
        let byte = BYTES[usize::from(*byte) % BYTES.len()];
        match kind % 4 {
            0 if at < bytes.len() => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.truncate(at.max(bytes.len() / 2)),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads, compiles, patches: whatever the text, an answer and no panic; every span lies in the text.
fn exercise(text: &str) {
    match load("job.yaml", text, &Choice::default()) {
        Ok(loaded) => {
            let _ = rendered(&loaded.warnings, text);
            for node in loaded.spec.nodes() {
                assert!(text.get(node.place.span.start..node.place.span.end).is_some());
            }
            let _ = compile_pyspark(&loaded.spec);
        }
        Err(found) => {
            assert!(found.iter().any(|d| d.severity == tinderbox_spec::Severity::Error));
            for diagnostic in &found {
                let span = diagnostic.span;
                assert!(text.get(span.start..span.end).is_some(), "{span:?} of {}", text.len());
                assert!(diagnostic.line >= 1 && diagnostic.line <= text.matches('\n').count() + 1);
                assert!(diagnostic.column >= 1);
            }
            assert!(found.is_sorted_by_key(|diagnostic| diagnostic.span.start));
            let _ = rendered(&found, text);
        }
    }
    let patch = Patch::Configuration { key: "spark.a".to_owned(), value: "x".to_owned() };
    if let Ok(patched) = apply_patches(text, std::slice::from_ref(&patch)) {
        assert_eq!(apply_patches(&patched, &[patch]).expect("applies again"), patched);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_documents_never_panic(
        document in 0_usize..4,
        edits in prop::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 1..6),
    ) {
        exercise(&mutated(document, &edits));
    }

    #[test]
    fn any_text_never_panics(text in "\\PC{0,60}|[-:,\\[\\]{}#&*!|>'\"% \n\ta-c]{0,80}") {
        exercise(&text);
        exercise(&format!("name: job\npipeline:\n  sources:\n    - {text}"));
    }

    #[test]
    fn patched_document_has_the_value_and_nothing_else_changes(
        document in 0_usize..4,
        value in "\\PC{1,20}|[a-z0-9 .:#'\"\\\\{}\\[\\],&*!%@-]{1,20}|[\n\t\r\u{0}\u{85}\u{2028}x]{1,4}",
    ) {
        prop_assume!(!value.contains("${"));
        let text = DOCUMENTS[document];
        let before = load("job.yaml", text, &Choice::default()).expect("loads").spec;
        let filter = before.nodes().iter().find(|n| matches!(n.operation, Operation::Filter { .. })).expect("has a filter");
        let patches = [
            Patch::Configuration { key: "spark.tinderbox.test".to_owned(), value: value.clone() },
            Patch::NodeParameter { node: filter.id.clone(), parameter: "condition".to_owned(), value: value.clone() },
        ];
        let patched = apply_patches(text, &patches).expect("applies");
        prop_assert_eq!(&apply_patches(&patched, &patches).expect("applies again"), &patched);
        let after = load("job.yaml", &patched, &Choice::default()).expect("loads").spec;
        prop_assert_eq!(&after.conf()["spark.tinderbox.test"], &value);
        for (old, new) in before.nodes().iter().zip(after.nodes()) {
            prop_assert_eq!(&old.id, &new.id);
            prop_assert_eq!(&old.inputs, &new.inputs);
            match &new.operation {
                Operation::Filter { condition } if new.id == filter.id => prop_assert_eq!(condition, &value),
                operation => prop_assert_eq!(operation, &old.operation),
            }
        }
    }

    #[test]
    fn patches_with_any_names_never_panic(node in "\\PC{0,8}", name in "\\PC{0,12}", value in "\\PC{0,12}") {
        for text in DOCUMENTS {
            for patch in [
                Patch::Configuration { key: name.clone(), value: value.clone() },
                Patch::Resource { field: name.clone(), value: value.clone() },
                Patch::NodeParameter { node: NodeId::new(node.clone()), parameter: name.clone(), value: value.clone() },
            ] {
                let _ = apply_patches(text, &[patch]);
            }
        }
    }
}
