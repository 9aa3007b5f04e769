//! Object stores that fail, and many objects.

use crate::fake_http::Answer;
use crate::local::{END, START, TASK};
use crate::places::{Directory, FakeS3, Objects, Put, is_bound_by_rights, s3_access};
use std::fs;
use std::io::{Cursor, ErrorKind, Read};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tinderbox_collect::{Access, AccessOptions, Depth, Error, Location, list, write_archive};

/// Larger than two of the ranges that are read at a time.
fn large() -> Vec<u8> {
    (0..20_000_000u32).map(|n| u8::try_from((n ^ (n >> 8)) & 0xff).unwrap()).collect()
}

fn read_all(location: &Location) -> Result<Vec<u8>, String> {
    let log = list(location, Depth::OneLevel).map_err(|error| error.to_string())?.logs.remove(0);
    let mut bytes = Vec::new();
    let mut file = log.files()[0].open_at(0).map_err(|error| error.to_string())?;
    file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

#[test]
fn a_large_object_is_read_in_ranges() {
    let s3 = FakeS3::start(|_, _, answer| answer);
    let bytes = large();
    s3.put("log", &bytes);
    assert!(read_all(&s3.at("log")).unwrap() == bytes);
    assert_eq!(
        ranges(&s3),
        [
            "bytes=0-262143",
            "bytes=262144-2359295",
            "bytes=2359296-10747903",
            "bytes=10747904-19136511",
            "bytes=19136512-19999999"
        ]
    );
}

/// Those that were asked for.
fn ranges(s3: &FakeS3) -> Vec<String> {
    let requests = s3.server.requests();
    requests.iter().filter_map(|request| request.header("range").map(str::to_owned)).collect()
}

#[test]
fn whoever_looks_at_the_first_lines_gets_little_of_a_large_log() {
    let s3 = FakeS3::start(|_, _, answer| answer);
    let mut bytes = START.as_bytes().to_vec();
    bytes.resize(20_000_000, b' ');
    s3.put("log", &bytes);
    let log = list(&s3.at("log"), Depth::OneLevel).unwrap().logs.remove(0);
    assert_eq!(log.head().unwrap().name, "n");
    assert_eq!(ranges(&s3), ["bytes=0-262143"]);
}

#[test]
fn what_was_missed_by_an_error_is_read_by_who_reads_on() {
    let refused = AtomicU32::new(0);
    let s3 = FakeS3::start(move |_, request, answer| {
        let is_second = request.header("range").is_some_and(|range| range.contains("=262144-"));
        if is_second && refused.fetch_add(1, Ordering::Relaxed) == 0 {
            return Answer::status(403, "<Error><Code>AccessDenied</Code></Error>");
        }
        answer
    });
    let bytes = large();
    s3.put("log", &bytes);
    let log = list(&s3.at("log"), Depth::OneLevel).unwrap().logs.remove(0);
    let mut file = log.files()[0].open_at(0).unwrap();
    let mut read = Vec::new();
    let error = file.read_to_end(&mut read).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    file.read_to_end(&mut read).unwrap();
    assert!(read == bytes);
}

#[test]
fn an_answer_that_is_too_short_is_no_end_of_the_log() {
    let s3 = FakeS3::start(|_, request, answer| match request.header("range") {
        Some(_) => Answer { body: Vec::new(), ..answer },
        None => answer,
    });
    s3.put("log", START.as_bytes());
    let log = list(&s3.at("log"), Depth::OneLevel).unwrap().logs.remove(0);
    let error = log.head().unwrap_err();
    let Error::Unreadable { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), ErrorKind::ConnectionAborted, "{source}");
}

#[test]
fn keys_that_are_no_paths_are_reported_and_the_others_are_listed() {
    let s3 = FakeS3::start(|_, _, answer| answer);
    s3.put("base/app-1", START.as_bytes());
    s3.put("base//app-2", START.as_bytes());
    s3.put("base//app-3", START.as_bytes());
    s3.put("base/2026/../app-4", START.as_bytes());
    s3.put("base/_temporary//app-5", START.as_bytes());
    s3.put("base/eventlog_v2_app-6/events_1_app-6", START.as_bytes());
    for (depth, odd) in [
        (Depth::OneLevel, vec!["s3://logs/base//"]),
        (Depth::Recursive, vec!["s3://logs/base//", "s3://logs/base/2026/../"]),
    ] {
        let listing = list(&s3.at("base"), depth).unwrap();
        let mut names: Vec<_> = listing.logs.iter().map(|log| log.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["app-1", "app-6"], "{depth:?}");
        let failed: Vec<_> = listing
            .failed
            .iter()
            .map(|error| match error {
                Error::Key { place, .. } => place.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(failed, odd, "{depth:?}");
        assert!(listing.failed[0].hint().contains("copy the object"), "{:?}", listing.failed[0]);
    }
    let error = Location::parse("s3://logs/base//app-2", &s3_access("http://127.0.0.1:9"));
    assert!(error.unwrap_err().to_string().contains("empty path segment"));
}

#[test]
fn a_prefix_with_folders_only_says_that_there_is_more_below() {
    let s3 = FakeS3::start(|_, _, answer| answer);
    s3.put("base/2026/11/app-1", START.as_bytes());
    s3.put("hidden/.trash/app-2", START.as_bytes());
    for place in ["base", "base/2026"] {
        let error = list(&s3.at(place), Depth::OneLevel).unwrap_err();
        assert!(matches!(error, Error::OnlyFolders { .. }), "{error:?}");
        assert!(error.hint().contains("--recursive"), "{}", error.hint());
        assert_eq!(list(&s3.at(place), Depth::Recursive).unwrap().logs.len(), 1);
    }
    for depth in [Depth::OneLevel, Depth::Recursive] {
        assert!(list(&s3.at("hidden"), depth).unwrap().logs.is_empty(), "there, and empty");
    }
}

#[test]
fn a_log_that_grows_while_it_is_archived_is_cut_where_it_ended() {
    let growing: Arc<Mutex<Option<Objects>>> = Arc::default();
    let objects = growing.clone();
    let s3 = FakeS3::start(move |_, request, answer| {
        // It grows once it has been listed.
        if request.target.contains("list-type=2")
            && let Some(objects) = &*objects.lock().unwrap()
        {
            for bytes in objects.lock().unwrap().values_mut().filter(|bytes| !bytes.is_empty()) {
                bytes.extend(TASK.as_bytes());
            }
        }
        answer
    });
    s3.put("base/app-1.inprogress", START.as_bytes());
    s3.put("base/eventlog_v2_app-2/appstatus_app-2.inprogress", b"");
    s3.put("base/eventlog_v2_app-2/events_1_app-2", START.as_bytes());
    *growing.lock().unwrap() = Some(s3.objects.clone());
    let places = ["base/app-1", "base/eventlog_v2_app-2"].map(|name| s3.at(name));
    let mut bytes = Vec::new();
    write_archive(&places, &mut bytes).unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    for name in ["app-1.inprogress", "eventlog_v2_app-2/events_1_app-2"] {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        assert!(text.starts_with(START), "{name}: {text}");
        assert_eq!(text[START.len()..].replace(TASK, ""), "", "{name}");
    }
}

#[test]
fn settings_that_do_not_fit_say_what_to_change() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let access = Access::new(AccessOptions {
        proxy: Some("http://[".to_owned()),
        ..AccessOptions::default()
    });
    let error = Location::parse("s3://bucket/logs", &access).unwrap_err();
    assert!(error.to_string().contains("proxy") && error.hint().contains("--proxy"), "{error:?}");
    let settings = vec![("AWS_VIRTUAL_HOSTED_STYLE_REQUEST".to_owned(), "perhaps".to_owned())];
    let access = Access::new(AccessOptions { settings, ..AccessOptions::default() });
    let error = Location::parse("s3://bucket/logs", &access).unwrap_err();
    assert!(error.hint().contains("AWS_"), "{error:?}");
}

#[test]
fn broken_connections_are_taken_up_where_they_broke() {
    let cuts = Arc::new(AtomicU32::new(0));
    let counted = cuts.clone();
    let s3 = FakeS3::start(move |_, request, answer| {
        if request.header("range").is_none() {
            return answer;
        }
        match counted.fetch_add(1, Ordering::Relaxed) {
            0 => Answer::status(503, "<Error><Code>SlowDown</Code></Error>"),
            2 | 4 => Answer { cut_at: Some(1_000_000), ..answer },
            _ => answer,
        }
    });
    let bytes = large();
    s3.put("log", &bytes);
    assert!(read_all(&s3.at("log")).unwrap() == bytes);
    assert_eq!(cuts.load(Ordering::Relaxed), 8, "five ranges, and three once more");
    let ranges = ranges(&s3);
    let resumed = |end: &str| {
        let ranges: Vec<_> = ranges.iter().filter(|range| range.ends_with(end)).collect();
        ranges.len() == 2 && ranges[0] != ranges[1]
    };
    assert!(resumed("-2359295") && resumed("-10747903"), "not from the start again: {ranges:?}");
}

#[test]
fn an_object_that_changes_while_it_is_read_is_an_error_and_no_mixture() {
    let s3 = FakeS3::start(|_, _, answer| answer);
    s3.put("log", &large());
    let log = list(&s3.at("log"), Depth::OneLevel).unwrap().logs.remove(0);
    let mut file = log.files()[0].open_at(0).unwrap();
    let mut head = [0; 100];
    file.read_exact(&mut head).unwrap();
    s3.put("log", &vec![1; 20_000_000]);
    let error = file.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("changed while it was read"), "{error}");
}

#[test]
fn a_running_log_may_grow_while_it_is_read() {
    let s3 = FakeS3::start(|_, _, answer| answer);
    let mut bytes = large();
    s3.put("log.inprogress", &bytes);
    let log = list(&s3.at("log.inprogress"), Depth::OneLevel).unwrap().logs.remove(0);
    let mut file = log.files()[0].open_at(0).unwrap();
    let size = bytes.len();
    bytes.extend([7; 1_000]);
    s3.put("log.inprogress", &bytes);
    let mut read = Vec::new();
    file.read_to_end(&mut read).unwrap();
    assert!(read == bytes[..size], "as far as it was when it was opened");
}

#[test]
fn a_refusal_names_the_place_and_no_secret() {
    let s3 = FakeS3::start(|_, _, _| {
        Answer::status(403, "<Error><Code>AccessDenied</Code><Key>test-secret</Key></Error>")
    });
    let error = list(&s3.at("logs"), Depth::OneLevel).unwrap_err();
    assert!(matches!(error, Error::Unreadable { .. }), "{error:?}");
    assert!(error.to_string().contains("s3://logs/logs"), "{error}");
    let whole = format!("{error:?}");
    assert!(!whole.contains("test-secret") && !whole.contains("test-key"), "{whole}");
    assert!(error.hint().contains("credentials"), "{}", error.hint());
}

#[test]
fn a_rolling_log_that_cannot_be_listed_does_not_end_the_list() {
    let s3 = FakeS3::start(|_, request, answer| {
        if request.target.contains("eventlog_v2_bad") && request.target.contains("prefix=") {
            return Answer::status(403, "<Error><Code>AccessDenied</Code></Error>");
        }
        answer
    });
    s3.put("base/app-1", START.as_bytes());
    s3.put("base/eventlog_v2_bad/events_1_bad", START.as_bytes());
    s3.put("base/eventlog_v2_good/events_1_good", END.as_bytes());
    let listing = list(&s3.at("base"), Depth::OneLevel).unwrap();
    assert_eq!(listing.logs.len(), 2);
    assert_eq!(listing.failed.len(), 1);
    assert!(listing.failed[0].to_string().contains("eventlog_v2_bad"), "{}", listing.failed[0]);
}

#[test]
fn metadata_addresses_are_not_called_unless_allowed() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // No credentials: those of the machine would be asked for.
    let access = Access::new(AccessOptions::default());
    let location = Location::parse("s3://bucket/logs", &access).unwrap();
    let begun = Instant::now();
    let error = list(&location, Depth::OneLevel).unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(5), "refused, not tried");
    let Error::Unreadable { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("--allow-instance-metadata"), "{source}");
    // An endpoint there is refused, too.
    let location =
        Location::parse("s3://bucket/logs", &s3_access("http://169.254.169.254")).unwrap();
    let error = list(&location, Depth::OneLevel).unwrap_err();
    let Error::Unreadable { source, .. } = &error else { panic!("{error:?}") };
    assert!(source.to_string().contains("link-local"), "{source}");
}

#[test]
fn broken_entries_of_a_directory_are_reported_one_by_one() {
    let place = Directory::new();
    place.put("app-1", START.as_bytes());
    place.put("eventlog_v2_closed/events_1_closed", START.as_bytes());
    place.put("file", b"x");
    std::os::unix::fs::symlink("nowhere", place.path("dangling")).unwrap();
    std::os::unix::fs::symlink(place.path("file").join("below"), place.path("through")).unwrap();
    std::os::unix::fs::symlink("app-1", place.path("link")).unwrap();
    let closed = place.path("eventlog_v2_closed");
    let rights = fs::metadata(&closed).unwrap().permissions();
    let mut none = rights.clone();
    std::os::unix::fs::PermissionsExt::set_mode(&mut none, 0o000);
    fs::set_permissions(&closed, none).unwrap();
    let is_bound = is_bound_by_rights(&closed);
    let listing = list(&place.at(""), Depth::OneLevel).unwrap();
    fs::set_permissions(&closed, rights).unwrap();
    let failed: Vec<_> = listing.failed.iter().map(ToString::to_string).collect();
    let has = |part: &str| failed.iter().any(|failure| failure.contains(part));
    assert!(has("dangling") && has("through"), "{failed:?}");
    assert_eq!(has("eventlog_v2_closed"), is_bound, "{failed:?}");
    let names: Vec<_> = listing.logs.iter().map(|log| log.name.as_str()).collect();
    assert!(names.contains(&"app-1") && names.contains(&"link"), "{names:?}");
}

#[test]
fn a_loop_of_links_ends() {
    let place = Directory::new();
    place.put("a/app-1", START.as_bytes());
    std::os::unix::fs::symlink("..", place.path("a/up")).unwrap();
    assert_eq!(list(&place.at(""), Depth::Recursive).unwrap().logs.len(), 1);
}

#[test]
fn ten_thousand_entries_are_listed_quickly() {
    let place = Directory::new();
    let s3 = FakeS3::start(|_, _, answer| answer);
    for number in 0..9_000 {
        place.put(&format!("app-{number}"), b"x");
        s3.put(&format!("base/app-{number}"), b"x");
    }
    for number in 0..1_000 {
        let name = format!("eventlog_v2_roll-{number}/events_1_roll-{number}");
        place.put(&name, b"x");
        s3.put(&format!("base/{name}"), b"x");
    }
    for (kind, location, limit) in [("directory", place.at(""), 30), ("S3", s3.at("base"), 60)] {
        let begun = Instant::now();
        let listing = list(&location, Depth::OneLevel).unwrap();
        let time = begun.elapsed();
        println!("{kind}: {} logs listed in {time:?}", listing.logs.len());
        assert_eq!((listing.logs.len(), listing.failed.len()), (10_000, 0));
        assert!(time < Duration::from_secs(limit), "{kind}: {time:?}");
    }
    assert_eq!(s3.server.requests().len(), 1_001, "one LIST and one for each rolling log");
}
