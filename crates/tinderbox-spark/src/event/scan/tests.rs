use super::*;
use proptest::prelude::*;

const START: &str = r#"{"Event":"SparkListenerTaskStart","Stage ID":1,"Stage Attempt ID":0,"Task Info":{"Task ID":29,"Index":9,"Attempt":0,"Partition ID":9,"Launch Time":1795579182223,"Executor ID":"driver","Host":"192.0.2.2","Locality":"PROCESS_LOCAL","Speculative":false,"Getting Result Time":0,"Finish Time":0,"Failed":false,"Killed":false,"Accumulables":[]}}"#;

fn end(accumulables: &str, peaks: &str, push: &str, memory: &str) -> String {
    format!(
        r#"{{"Event":"SparkListenerTaskEnd","Stage ID":1,"Stage Attempt ID":2,"Task Type":"ResultTask","Task End Reason":{{"Reason":"Success"}},"Task Info":{{"Task ID":59,"Index":9,"Attempt":1,"Partition ID":9,"Launch Time":1795579182679,"Executor ID":"7","Host":"h-é","Locality":"NODE_LOCAL","Speculative":true,"Getting Result Time":3,"Finish Time":1795579182705,"Failed":false,"Killed":false,"Accumulables":[{accumulables}]}},{peaks}"Task Metrics":{{"Executor Deserialize Time":1,"Executor Deserialize CPU Time":1466267,"Executor Run Time":11,"Executor CPU Time":5787963,"Peak Execution Memory":8650736,{memory}"Result Size":6816,"JVM GC Time":2,"Result Serialization Time":3,"Memory Bytes Spilled":4,"Disk Bytes Spilled":5,"Shuffle Read Metrics":{{"Remote Blocks Fetched":6,"Local Blocks Fetched":50,"Fetch Wait Time":7,"Remote Bytes Read":8,"Remote Bytes Read To Disk":9,"Local Bytes Read":29373,"Total Records Read":2750,"Remote Requests Duration":10{push}}},"Shuffle Write Metrics":{{"Shuffle Bytes Written":11,"Shuffle Write Time":12,"Shuffle Records Written":13}},"Input Metrics":{{"Bytes Read":14,"Records Read":15}},"Output Metrics":{{"Bytes Written":16,"Records Written":17}},"Updated Blocks":[]}}}}"#
    )
}

const SQL: &str = r#"{"ID":27,"Name":"duration","Update":"6","Value":"134","Internal":true,"Count Failed Values":true,"Metadata":"sql"},{"ID":101,"Name":"internal.metrics.executorRunTime","Update":11,"Value":296,"Internal":true,"Count Failed Values":true}"#;
const USER: &str = r#"{"ID":5,"Name":"rows seen","Update":"3","Value":"9","Internal":false,"Count Failed Values":false},{"ID":6,"Update":1.5,"Value":2,"Internal":false,"Count Failed Values":true}"#;
const PUSH: &str = r#","Push Based Shuffle":{"Corrupt Merged Block Chunks":1,"Merged Fetch Fallback Count":2,"Merged Remote Blocks Fetched":3,"Merged Local Blocks Fetched":4,"Merged Remote Chunks Fetched":5,"Merged Local Chunks Fetched":6,"Merged Remote Bytes Read":7,"Merged Local Bytes Read":8,"Merged Remote Requests Duration":9}"#;

fn zero_peaks() -> String {
    let text = std::str::from_utf8(ZERO_PEAKS).unwrap();
    format!("{}}},", text.strip_prefix(',').unwrap())
}

/// Whatever the fast path reads, serde reads too, and the same.
fn assert_agrees(line: &str) -> bool {
    let fast_end = task_end(line.as_bytes());
    if let Some(fast) = &fast_end {
        assert_eq!(fast, &serde_json::from_str::<TaskEnd<'_>>(line).unwrap(), "{line}");
    }
    let fast_start = task_start(line.as_bytes());
    if let Some(fast) = &fast_start {
        assert_eq!(fast, &serde_json::from_str::<TaskStart<'_>>(line).unwrap(), "{line}");
    }
    fast_end.is_some() || fast_start.is_some()
}

#[test]
fn lines_in_sparks_form_take_the_fast_path() {
    assert!(assert_agrees(START));
    let memory = r#""Peak On Heap Execution Memory":18,"Peak Off Heap Execution Memory":19,"#;
    let new_peaks = zero_peaks().replace(
        r#""TotalGCTime":0"#,
        r#""TotalGCTime":0,"ConcurrentGCCount":0,"ConcurrentGCTime":0"#,
    );
    let peaks = zero_peaks().replace(r#""JVMHeapMemory":0"#, r#""JVMHeapMemory":20"#);
    for accumulables in ["", SQL] {
        for peaks in ["", &zero_peaks(), &new_peaks, &peaks] {
            for push in ["", PUSH, std::str::from_utf8(ZERO_PUSH).unwrap()] {
                for memory in ["", memory] {
                    let line = end(accumulables, peaks, push, memory);
                    assert!(assert_agrees(&line), "{line}");
                }
            }
        }
    }
}

#[test]
fn users_accumulators_are_read_the_same_both_ways() {
    let whole = USER.replace("1.5", "1");
    let line = end(&format!("{SQL},{whole}"), &zero_peaks(), PUSH, "");
    assert!(assert_agrees(&line));
    let read = task_end(line.as_bytes()).unwrap().info.sql_updates;
    assert_eq!(read.sql, [(AccumulatorId(27), 6)]);
    assert_eq!(read.users.len(), 2);
    assert_eq!(read.users[0].update.as_deref(), Some("3"));
    assert_eq!(read.users[1].name, None);
}

#[test]
fn what_is_written_otherwise_is_left_to_serde() {
    let line = end(SQL, &zero_peaks(), PUSH, "");
    for (from, to) in [
        (r#""Host":"h-é""#, r#""Host":"h\u0041""#),
        (r#""Index":9"#, r#""Index": 9"#),
        (r#""Index":9"#, r#""Index":9.0"#),
        (r#""Index":9"#, r#""Index":1234567890123456789"#),
        (r#""Reason":"Success""#, r#""Reason":"Resubmitted""#),
        (r#""Updated Blocks":[]"#, r#""Updated Blocks":[{}]"#),
    ] {
        let other = line.replace(from, to);
        assert_ne!(other, line);
        assert!(!assert_agrees(&other), "{other}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// A byte changed, dropped or doubled anywhere: the fast path gives up or agrees.
    #[test]
    fn damaged_lines_never_read_differently(at in 0_usize..2_000, byte in any::<u8>(), kind in 0..3) {
        for line in [START.to_owned(), end(&format!("{SQL},{USER}"), &zero_peaks(), PUSH, "")] {
            let mut bytes = line.into_bytes();
            let at = at % bytes.len();
            match kind {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                _ => bytes.insert(at, byte),
            }
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let serde = serde_json::from_str::<serde_json::Value>(text).is_ok();
                if serde {
                    assert_agrees(text);
                }
            }
        }
    }
}

#[test]
fn numbers_of_every_length_are_read() {
    let mut numbers = vec![0, -1, -12_345_678, 90_909_090_909];
    for length in 1..=18 {
        let most = 10_i64.pow(length) - 1;
        numbers.extend([most, most - 1, 10_i64.pow(length - 1), most / 9 * 7]);
    }
    for number in numbers {
        for (text, expected) in [
            (format!("{number},"), Some(number)),
            (format!("{number}}}"), Some(number)),
            (format!("{number}.5,"), None),
            (format!("{number}e1,"), None),
            (format!("0{},", number.unsigned_abs()), None),
        ] {
            let mut scan = Scan { line: text.as_bytes(), at: 0 };
            assert_eq!(scan.number(), expected, "{text}");
        }
    }
    for text in ["1234567:,", "12345678:,", "/1234567,", "1000000000000000000,", "-,", "-0,", ""] {
        let mut scan = Scan { line: text.as_bytes(), at: 0 };
        let read = scan.number();
        let rest = &text[scan.at..];
        // A colon ends the number: what follows is for whoever expects a comma.
        assert!(read.is_none() || rest.starts_with(':'), "{text}: {read:?}");
    }
}
