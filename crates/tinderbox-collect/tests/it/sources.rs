//! One suite for every kind of place.

use crate::local::{END, START, TASK};
use crate::places::{Directory, FakeS3, Moto, Put};
use std::io::Read;
use tinderbox_collect::{Depth, Error, Location, list, open, read};
use tinderbox_model::Bytes;

impl Put for FakeS3 {
    fn put(&self, name: &str, bytes: &[u8]) {
        Self::put(self, &format!("root/{name}"), bytes);
    }

    fn remove(&self, name: &str) {
        self.objects.lock().unwrap().remove(&format!("root/{name}"));
    }

    fn at(&self, name: &str) -> Location {
        Self::at(self, &format!("root/{name}"))
    }
}

#[test]
fn a_local_directory_conforms() {
    conforms(&Directory::new());
}

#[test]
fn a_fake_s3_conforms() {
    let s3 = FakeS3::start(|_, _, answer| answer);
    conforms(&s3);
    directories_that_are_objects(&s3);
}

#[test]
fn moto_s3_conforms() {
    if let Some(moto) = Moto::start() {
        conforms(&moto);
        directories_that_are_objects(&moto);
    }
}

/// As the console of S3 and Hadoop's S3A make them; Azure's have no slash at the end.
fn directories_that_are_objects(place: &dyn Put) {
    for name in ["marked/", "marked/2026/", "marked/2026/11/", "marked/eventlog_v2_app-1/", "bare/"]
    {
        place.put(name, b"");
    }
    for depth in [Depth::OneLevel, Depth::Recursive] {
        let listing = list(&place.at("bare"), depth).unwrap();
        assert!(listing.logs.is_empty() && listing.failed.is_empty(), "{depth:?}: {listing:?}");
    }
    assert!(list(&place.at("marked"), Depth::Recursive).unwrap().logs.is_empty());
    place.put("marked/eventlog_v2_app-1/events_1_app-1", START.as_bytes());
    place.put("marked/eventlog_v2_app-2", b"");
    place.put("marked/archive", b"");
    place.put("marked/archive/app-3", START.as_bytes());
    place.put("marked/app-4", b"");
    for (depth, expected) in [
        (Depth::OneLevel, vec!["app-1", "app-4"]),
        (Depth::Recursive, vec!["app-1", "app-3", "app-4"]),
    ] {
        let listing = list(&place.at("marked"), depth).unwrap();
        assert!(listing.failed.is_empty(), "{:?}", listing.failed);
        let mut names: Vec<_> = listing.logs.iter().map(|log| log.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{depth:?}: an empty file is none of them");
    }
}

fn conforms(place: &dyn Put) {
    let whole = format!("{START}{TASK}{END}");
    let zstd = zstd::encode_all(whole.as_bytes(), 1).unwrap();
    place.put("app-1", whole.as_bytes());
    place.put("app-2.zstd.inprogress", &zstd);
    place.put("app-3.inprogress", START.as_bytes());
    place.put("app-3", whole.as_bytes());
    place.put("_SUCCESS", b"x");
    place.put(".hidden", b"x");
    place.put("eventlog_v2_app-4/appstatus_app-4", b"");
    place.put("eventlog_v2_app-4/events_1_app-4", START.as_bytes());
    place.put("eventlog_v2_app-4/events_2_app-4", TASK.as_bytes());
    place.put("eventlog_v2_app-4/events_10_app-4", END.as_bytes());
    place.put("eventlog_v2_new/appstatus_new.inprogress", b"");
    place.put("2026/11/app-5", whole.as_bytes());
    place.put("cluster/eventlog/1/eventlog", END.as_bytes());
    place.put("cluster/eventlog/1/eventlog-2026-06-15--15-00", START.as_bytes());
    place.put(".trash/app-6", whole.as_bytes());
    place.put("_temporary/0/app-7", whole.as_bytes());

    one_level(place);
    all_levels(place);
    single_logs(place);
    offsets(place, &zstd);
    what_is_not_there(place);
}

fn names(place: &dyn Put, depth: Depth) -> Vec<(String, usize, bool)> {
    let listing = list(&place.at(""), depth).unwrap();
    assert!(listing.failed.is_empty(), "{:?}", listing.failed);
    let mut names: Vec<_> = listing
        .logs
        .iter()
        .map(|log| (log.name.clone(), log.version.files, log.version.in_progress))
        .collect();
    names.sort();
    names
}

fn one_level(place: &dyn Put) {
    let expected =
        [("app-1", 1, false), ("app-2", 1, true), ("app-3", 1, false), ("app-4", 3, false)];
    assert_eq!(names(place, Depth::OneLevel), expected.map(|(n, f, p)| (n.to_owned(), f, p)));
}

fn all_levels(place: &dyn Put) {
    let names = names(place, Depth::Recursive);
    for expected in [("app-1", 1, false), ("app-4", 3, false), ("app-5", 1, false), ("1", 2, false)]
    {
        let (name, files, open) = expected;
        assert!(names.contains(&(name.to_owned(), files, open)), "{expected:?} in {names:?}");
    }
    let is_hidden = |name: &str| ["app-6", "app-7"].contains(&name);
    assert!(names.iter().all(|(name, ..)| !is_hidden(name)), "hidden directories stay hidden");
}

fn single_logs(place: &dyn Put) {
    for (name, tasks) in [
        ("app-1", 1),
        ("app-2.zstd.inprogress", 1),
        ("eventlog_v2_app-4", 1),
        ("cluster/eventlog/1", 0),
        ("2026/11/app-5", 1),
    ] {
        let mut seen = 0;
        let application = read(&place.at(name), &mut |_| seen += 1).unwrap();
        assert_eq!(application.id.as_ref().map(|id| id.as_str()), Some("app-1"), "{name}");
        assert_eq!(seen, tasks, "{name}");
        assert!(application.completeness.ended, "{name}");
    }
    // Renamed by Spark since it was listed.
    let log = open(&place.at("app-2.zstd.inprogress")).unwrap();
    place.remove("app-2.zstd.inprogress");
    place.put("app-2.zstd", &zstd::encode_all(format!("{START}{END}").as_bytes(), 1).unwrap());
    assert!(log.read(2, &mut |_| {}).unwrap().completeness.ended);
    assert_eq!(log.url(), place.at("app-2.zstd").to_string(), "one name before and after");
}

fn offsets(place: &dyn Put, bytes: &[u8]) {
    place.put("offsets.zstd", bytes);
    let log = list(&place.at("offsets.zstd"), Depth::OneLevel).unwrap().logs.remove(0);
    let part = &log.files()[0];
    assert_eq!(part.size, Bytes(bytes.len() as u64));
    for offset in [0, 1, bytes.len() / 2, bytes.len(), bytes.len() + 5] {
        let mut read = Vec::new();
        part.open_at(offset as u64).unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes[offset.min(bytes.len())..], "from {offset}");
    }
    place.put("empty", b"");
    let error = open(&place.at("empty")).unwrap_err();
    assert!(matches!(error, Error::Empty { .. }), "{error}");
}

fn what_is_not_there(place: &dyn Put) {
    let error = list(&place.at("gone"), Depth::OneLevel).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    let log = open(&place.at("app-1")).unwrap();
    place.remove("app-1");
    let error = log.read(2, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
}
