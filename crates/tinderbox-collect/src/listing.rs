use crate::error::of_io;
use crate::list_answer::odd_part;
use crate::location::{Location, Remote};
use crate::{Error, EventLog, LogPart};
use object_store::ObjectMeta;
use object_store::path::Path as Key;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use tinderbox_model::{Bytes, TimestampMs};
use tinderbox_spark::log::{LogKind, Parts, classify};

/// How far below a log directory logs are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// As Spark's own History Server does: files and rolling logs of the directory itself.
    #[default]
    OneLevel,
    /// In all directories below, symbolic links to directories not followed.
    Recursive,
}

/// What a log directory holds.
#[derive(Debug, Default)]
pub struct Listing {
    /// Event logs, the latest changed first.
    pub logs: Vec<EventLog>,
    /// Files and directories that could not be looked at.
    pub failed: Vec<Error>,
}

/// The event logs at a location: those of a log directory (`spark.eventLog.dir`), or the one that it is itself.
/// Nothing is read but names, sizes and times, so files that are no logs may be among them; reading those says so.
///
/// Logs that vanish while the list is made, rolling logs without a part yet, and `.inprogress` files beside the
/// finished one are left out. So are objects that stand for a directory.
///
/// # Errors
/// When the location is missing or cannot be read at all, and [`Error::OnlyFolders`] when there is nothing at this
/// level of an object store. What is below it never fails the list.
pub fn list(location: &Location, depth: Depth) -> Result<Listing, Error> {
    let found = match location {
        Location::Local(path) => Walk::default().local(path, depth)?,
        Location::Remote(remote) => remote_folders(remote, depth)?,
    };
    let Walk { folders, failed, single, only_folders, .. } = found;
    if only_folders {
        return Err(Error::OnlyFolders { place: location.to_string() });
    }
    let mut listing = Listing { logs: Vec::new(), failed };
    if let Some(part) = single {
        let in_progress = is_in_progress(&part.place.name());
        listing.logs.push(EventLog::new(part.place.clone(), vec![part], Vec::new(), in_progress));
    }
    for folder in folders {
        folder.into_logs(&mut listing.logs);
    }
    let is_closed = |log: &EventLog| !is_in_progress(&log.place.name());
    let closed: HashSet<String> =
        listing.logs.iter().filter(|log| is_closed(log)).map(EventLog::url).collect();
    // Both are there while a file system copies instead of renaming.
    listing.logs.retain(|log| is_closed(log) || !closed.contains(&log.url()));
    listing.logs.sort_by_cached_key(|log| (Reverse(log.version.modified), log.place.to_string()));
    Ok(listing)
}

fn is_in_progress(name: &str) -> bool {
    name.ends_with(".inprogress")
}

/// Whether logs are looked for in a directory of this name: not where Spark and Hadoop keep what is temporary
/// (`_temporary`) or hidden.
fn is_hidden_directory(name: &str) -> bool {
    name.starts_with(['.', '_'])
}

/// What lies at the place of a log.
pub(crate) enum LogFiles {
    /// A file.
    One(LogPart),
    /// All visible files of a folder, by name.
    Folder(Vec<LogPart>),
}

/// The files at the place of a log, whatever they hold.
pub(crate) fn files_at(log: &Location) -> Result<LogFiles, Error> {
    let found = match log {
        Location::Local(path) => Walk::default().local(path, Depth::OneLevel)?,
        Location::Remote(remote) => remote_folders(remote, Depth::OneLevel)?,
    };
    if let Some(mut part) = found.single {
        part.is_growing = is_in_progress(&part.place.name());
        return Ok(LogFiles::One(part));
    }
    let folder = found.folders.into_iter().find(|folder| folder.place == *log);
    let mut files = folder.map_or_else(Vec::new, |folder| folder.files);
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let is_growing = Parts::of(files.iter().map(|file| file.name.as_str()))
        .is_some_and(|parts| parts.in_progress);
    let parts = files.into_iter().map(|file| LogPart { is_growing, ..file.part });
    Ok(LogFiles::Folder(parts.collect()))
}

/// A file of a folder.
struct Entry {
    name: String,
    part: LogPart,
}

/// A directory with its files.
struct Folder {
    place: Location,
    files: Vec<Entry>,
}

impl Folder {
    /// The one log whose parts are here, or all logs that are files here.
    fn into_logs(self, logs: &mut Vec<EventLog>) {
        let Self { place, files } = self;
        let parts = Parts::of(files.iter().map(|file| file.name.as_str()));
        if let Some(parts) = parts.filter(|parts| is_one_log(parts, &files)) {
            let mut by_name: BTreeMap<String, LogPart> =
                files.into_iter().map(|file| (file.name, file.part)).collect();
            let ordered =
                parts.parts.iter().filter_map(|part| by_name.remove(&part.name)).collect();
            logs.push(EventLog::new(place, ordered, parts.missing, parts.in_progress));
            return;
        }
        if classify(&place.name(), true) == Some(LogKind::Rolling) {
            return;
        }
        for Entry { name, part } in files {
            if let Some(LogKind::File { in_progress, .. }) = classify(&name, false) {
                logs.push(EventLog::new(part.place.clone(), vec![part], Vec::new(), in_progress));
            }
        }
    }
}

/// A folder with Spark's parts is one log. One with Databricks' names is, unless other logs lie there, too.
fn is_one_log(parts: &Parts, files: &[Entry]) -> bool {
    let is_part = |name: &str| parts.parts.iter().any(|part| part.name == name);
    parts.parts.iter().any(|part| part.name.starts_with("events_"))
        || files
            .iter()
            .filter(|file| classify(&file.name, false).is_some())
            .all(|file| is_part(&file.name))
}

#[derive(Default)]
struct Walk {
    folders: Vec<Folder>,
    failed: Vec<Error>,
    /// The file that the location itself is: a log whatever its name.
    single: Option<LogPart>,
    /// Whether folders lie in the prefix of an object store, which are not looked at, and nothing else.
    only_folders: bool,
    /// Directories still to be read.
    below: Vec<(PathBuf, usize)>,
}

/// How far below the location a directory lies, and how far below is looked.
#[derive(Clone, Copy)]
struct Level {
    depth: Depth,
    level: usize,
}

impl Walk {
    /// Deeper directories are not looked at.
    const MAX_DEPTH: usize = 32;

    fn local(mut self, path: &Path, depth: Depth) -> Result<Self, Error> {
        let of_root = |source| of_io(&path.into(), source);
        let metadata = fs::metadata(path).map_err(of_root)?;
        if !metadata.is_dir() {
            self.single = Some(local_part(path.to_owned(), &metadata));
            return Ok(self);
        }
        let entries = fs::read_dir(path).map_err(of_root)?;
        self.directory(path, entries, Level { depth, level: 0 });
        while let Some((path, level)) = self.below.pop() {
            match fs::read_dir(&path) {
                Ok(entries) => self.directory(&path, entries, Level { depth, level }),
                // Removed since the directory above was read.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => self.failed.push(of_io(&path.as_path().into(), error)),
            }
        }
        Ok(self)
    }

    fn directory(&mut self, path: &Path, entries: fs::ReadDir, from: Level) {
        let mut files = Vec::new();
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                Ok((kind, entry)) => {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    if name.starts_with('.') {
                        continue;
                    }
                    let is_link = kind.is_symlink();
                    let metadata = match (kind.is_file(), kind.is_dir()) {
                        (_, true) => None,
                        (true, _) => Some(entry.metadata()),
                        _ if is_link => Some(fs::metadata(entry.path())),
                        // Pipes and sockets would hold whoever opens them.
                        _ => continue,
                    };
                    match metadata {
                        None => self.descend(&name, entry.path(), from, is_link),
                        Some(Ok(found)) if found.is_dir() => {
                            self.descend(&name, entry.path(), from, is_link);
                        }
                        Some(Ok(found)) if found.is_file() => {
                            files.push(Entry { name, part: local_part(entry.path(), &found) });
                        }
                        Some(Ok(_)) => {}
                        Some(Err(error)) if error.kind() == ErrorKind::NotFound && !is_link => {}
                        Some(Err(error)) => {
                            self.failed.push(of_io(&entry.path().as_path().into(), error));
                        }
                    }
                }
                Err(error) => self.failed.push(of_io(&path.into(), error)),
            }
        }
        self.folders.push(Folder { place: path.into(), files });
    }

    fn descend(&mut self, name: &str, path: PathBuf, from: Level, is_link: bool) {
        let Level { depth, level } = from;
        let is_rolling = level == 0 || depth == Depth::Recursive;
        let is_rolling = is_rolling && classify(name, true) == Some(LogKind::Rolling);
        let is_below = depth == Depth::Recursive
            && !is_link
            && !is_hidden_directory(name)
            && level < Self::MAX_DEPTH;
        if is_rolling || is_below {
            self.below.push((path, level + 1));
        }
    }
}

fn local_part(path: PathBuf, metadata: &fs::Metadata) -> LogPart {
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let millis = modified.map_or(0, |time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
    LogPart {
        place: Location::Local(path),
        size: Bytes(metadata.len()),
        modified: TimestampMs(millis),
        e_tag: None,
        is_growing: false,
    }
}

/// One LIST of the prefix and one of each rolling log; with all levels one LIST of everything.
fn remote_folders(remote: &Remote, depth: Depth) -> Result<Walk, Error> {
    let place = Location::Remote(remote.clone());
    let of_root = |source| of_io(&place, source);
    let bucket = &remote.bucket;
    let mut walk = Walk::default();
    let mut objects = Objects::new(remote);
    match depth {
        Depth::Recursive => {
            objects.add(bucket.list_all(&remote.key).map_err(of_root)?, &remote.key);
        }
        Depth::OneLevel => {
            let listed = bucket.list(&remote.key).map_err(of_root)?;
            objects.add(listed.objects, &remote.key);
            objects.add_prefixes(&listed.common_prefixes);
            let is_rolling = |key: &Key| {
                classify(key.filename().unwrap_or_default(), true) == Some(LogKind::Rolling)
            };
            let rolling: Vec<Key> = listed.common_prefixes.into_iter().filter(is_rolling).collect();
            for (key, listed) in bucket.list_each(rolling).map_err(of_root)? {
                match listed {
                    Ok(listed) => objects.add(listed.objects, &key),
                    Err(error) => {
                        let place = Location::Remote(Remote { key, ..remote.clone() });
                        walk.failed.push(of_io(&place, error));
                    }
                }
            }
        }
    }
    objects.drop_directories();
    walk.failed.extend(objects.odd_keys());
    let Objects { folders, prefixes, is_there, .. } = objects;
    let has_rolling = prefixes.iter().any(|name| classify(name, true) == Some(LogKind::Rolling));
    if folders.is_empty() && !has_rolling {
        walk.single = match single_object(remote) {
            // A directory that is empty, as far as it is visible.
            Err(Error::Missing { .. }) if is_there => None,
            found => found?,
        };
        walk.only_folders = walk.single.is_none() && !prefixes.is_empty();
    }
    walk.folders.extend(folders.into_values());
    Ok(walk)
}

/// The object that the key itself names. An empty bucket is an empty directory; an absent prefix is missing.
fn single_object(remote: &Remote) -> Result<Option<LogPart>, Error> {
    if remote.key.as_ref().is_empty() {
        return Ok(None);
    }
    let place = Location::Remote(remote.clone());
    let object = remote.bucket.head(&remote.key).map_err(|source| of_io(&place, source))?;
    Ok(Some(remote_part(remote, object)))
}

/// What was listed below a prefix.
struct Objects<'r> {
    root: &'r Remote,
    folders: BTreeMap<String, Folder>,
    /// Names of the visible folders of the first level.
    prefixes: BTreeSet<String>,
    /// Keys that are no paths, as far as they are.
    odd: BTreeSet<String>,
    /// Whether there is anything, visible or not.
    is_there: bool,
}

impl<'r> Objects<'r> {
    fn new(root: &'r Remote) -> Self {
        let (folders, prefixes, odd) = Default::default();
        Self { root, folders, prefixes, odd, is_there: false }
    }

    fn add_prefixes(&mut self, prefixes: &[Key]) {
        for prefix in prefixes {
            self.is_there = true;
            let name = prefix.filename().unwrap_or_default();
            match odd_part(name) {
                Some(part) => self.add_odd(prefix, part),
                None if is_hidden_directory(name) => {}
                None => _ = self.prefixes.insert(name.to_owned()),
            }
        }
    }

    /// Adds objects that were listed below `prefix`.
    fn add(&mut self, objects: Vec<ObjectMeta>, prefix: &Key) {
        for object in objects {
            self.is_there = true;
            // Its key has a slash at the end, or else it would not lie below.
            if object.location != *prefix {
                self.add_object(object);
            }
        }
    }

    fn add_object(&mut self, object: ObjectMeta) {
        let key = &object.location;
        let (Some(name), Some(folder)) = (key.filename(), key.parent()) else { return };
        let mut above = folder.prefix_match(&self.root.key).into_iter().flatten();
        if above.any(|part| is_hidden_directory(part.as_ref())) {
            return;
        }
        drop(above);
        if let Some(part) = odd_part(name) {
            self.add_odd(key, part);
            return;
        }
        if name.starts_with('.') {
            return;
        }
        let name = name.to_owned();
        let part = remote_part(self.root, object);
        self.folders
            .entry(folder.to_string())
            .or_insert_with(|| Folder {
                place: Location::Remote(Remote { key: folder, ..self.root.clone() }),
                files: Vec::new(),
            })
            .files
            .push(Entry { name, part });
    }

    fn add_odd(&mut self, key: &Key, part: &str) {
        let above = key.parent().map_or_else(String::new, |above| above.to_string());
        let slash = if above.is_empty() { "" } else { "/" };
        // More follows after these.
        let end = if matches!(part, "" | "." | "..") { "/" } else { "" };
        self.odd.insert(format!("{above}{slash}{part}{end}"));
    }

    fn odd_keys(&self) -> impl Iterator<Item = Error> {
        let url = self.root.bucket.url();
        self.odd.iter().map(move |key| Error::Key {
            place: format!("{url}/{key}"),
            reason: "an empty part, `.`, `..` or a control character is no part of a path"
                .to_owned(),
        })
    }

    /// Takes out empty objects that stand for a directory without a slash in their keys, as Azure's do. Others are
    /// empty files.
    fn drop_directories(&mut self) {
        let mut directories: HashSet<&str> = HashSet::new();
        for mut folder in self.folders.keys().map(String::as_str) {
            while directories.insert(folder)
                && let Some((above, _)) = folder.rsplit_once('/')
            {
                folder = above;
            }
        }
        let mut dropped = HashSet::new();
        for (folder, Folder { files, .. }) in &self.folders {
            let is_root = *folder == self.root.key.as_ref();
            for Entry { name, .. } in files.iter().filter(|file| file.part.size.0 == 0) {
                let key = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                if directories.contains(key.as_str())
                    || (is_root && self.prefixes.contains(name))
                    || classify(name, true) == Some(LogKind::Rolling)
                {
                    dropped.insert(key);
                }
            }
        }
        if dropped.is_empty() {
            return;
        }
        for (folder, Folder { files, .. }) in &mut self.folders {
            files.retain(|Entry { name, .. }| {
                let key = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
                !dropped.contains(&key)
            });
        }
        self.folders.retain(|_, folder| !folder.files.is_empty());
    }
}

fn remote_part(remote: &Remote, object: ObjectMeta) -> LogPart {
    LogPart {
        place: Location::Remote(Remote { key: object.location, ..remote.clone() }),
        size: Bytes(object.size),
        modified: TimestampMs(object.last_modified.timestamp_millis()),
        e_tag: object.e_tag,
        is_growing: false,
    }
}
