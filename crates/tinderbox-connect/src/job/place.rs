//! The files of a sink on their way: written to a hidden folder beside the target, put in place when they are whole. Spark's
//! `FileOutputCommitProtocol` does the same with `_temporary`.

use crate::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What becomes of a target that is there (`SaveMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Append,
    Overwrite,
    ErrorIfExists,
    Ignore,
}

/// The new files of a sink. The folder of those that were not put in place is removed with this.
#[derive(Debug)]
pub(super) struct Place {
    target: PathBuf,
    staged: PathBuf,
    replaced: PathBuf,
    mode: Mode,
}

impl Mode {
    /// Of a document; Spark's default is an error.
    pub(super) fn parse(mode: Option<&str>) -> Self {
        match mode {
            Some("append") => Self::Append,
            Some("overwrite") => Self::Overwrite,
            Some("ignore") => Self::Ignore,
            _ => Self::ErrorIfExists,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Overwrite => "overwrite",
            Self::ErrorIfExists => "error if it exists",
            Self::Ignore => "ignore",
        }
    }
}

impl Place {
    /// Folders beside the target, none of which is made yet; what an earlier process left under the same tag is removed.
    pub(super) fn beside(target: &Path, tag: &str, mode: Mode) -> Result<Self, Error> {
        let name = target.file_name().map(|name| name.to_string_lossy().into_owned());
        let (Some(name), Some(parent)) = (name, target.parent()) else {
            let source = io::Error::other("it is no place for a folder");
            return Err(Error::Output { path: target.to_owned(), source });
        };
        let folder = |kind: &str| parent.join(format!(".{name}.{kind}-{tag}"));
        let place = Self {
            target: target.to_owned(),
            staged: folder("new"),
            replaced: folder("replaced"),
            mode,
        };
        place.clear()?;
        Ok(place)
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    pub(super) fn staged(&self) -> &Path {
        &self.staged
    }

    pub(super) fn mode(&self) -> Mode {
        self.mode
    }

    /// Puts the files in place, with the mark that Spark leaves. No rows are no files.
    pub(super) fn commit(self) -> Result<(), Error> {
        self.try_commit().map_err(|source| Error::Output { path: self.target.clone(), source })
    }

    fn try_commit(&self) -> io::Result<()> {
        fs::create_dir_all(&self.staged)?;
        spark_names(&self.staged)?;
        fs::write(self.staged.join("_SUCCESS"), "")?;
        if self.mode == Mode::Append && self.target.is_dir() {
            return move_all(&self.staged, &self.target);
        }
        let replaces = self.mode == Mode::Overwrite && is_there(&self.target);
        if replaces {
            fs::rename(&self.target, &self.replaced)?;
        }
        if let Err(error) = fs::rename(&self.staged, &self.target) {
            if replaces {
                fs::rename(&self.replaced, &self.target)?;
            }
            return Err(error);
        }
        remove(&self.replaced)
    }

    /// What was replaced and not put back by a process that was killed in between is put back.
    fn clear(&self) -> Result<(), Error> {
        let cleared = || {
            if is_there(&self.replaced) && !is_there(&self.target) {
                fs::rename(&self.replaced, &self.target)?;
            }
            remove(&self.replaced)?;
            remove(&self.staged)
        };
        cleared().map_err(|source| Error::Output { path: self.target.clone(), source })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed is hidden to readers, and said by its name.
        let _ = remove(&self.staged);
    }
}

/// Whether anything is at a path, be it a link to nowhere.
pub(super) fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn move_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            move_all(&entry.path(), &target)?;
        } else {
            // Names of files are random, but for the mark.
            fs::rename(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Gives folders of partitions the names that Spark gives them: Sail escapes every byte that is not ASCII, and Spark would
/// read each as a character.
fn spark_names(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        spark_names(&entry.path())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(wanted) = spark_name(&name).filter(|wanted| *wanted != name) {
            fs::rename(entry.path(), folder.join(wanted))?;
        }
    }
    Ok(())
}

/// `key=value` as Spark escapes it; `None` of a name that is no partition's.
fn spark_name(name: &str) -> Option<String> {
    let (key, value) = name.split_once('=')?;
    let value = unescaped(value)?;
    let mut wanted = format!("{key}=");
    for letter in value.chars() {
        if must_be_escaped(letter) {
            wanted.push_str(&format!("%{:02X}", u32::from(letter)));
        } else {
            wanted.push(letter);
        }
    }
    Some(wanted)
}

/// Source: `ExternalCatalogUtils.charToEscape`.
fn must_be_escaped(letter: char) -> bool {
    letter.is_ascii_control() || "\"#%'*/:=?\\{}[]^".contains(letter)
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next()?, rest.next()?];
        bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staged(target: &Path, mode: Mode, files: &[&str]) -> Place {
        let place = Place::beside(target, "run-1", mode).unwrap();
        for file in files {
            let path = place.staged().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        place
    }

    fn files(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut left = vec![folder.to_owned()];
        while let Some(path) = left.pop() {
            for entry in fs::read_dir(&path).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    left.push(path);
                } else {
                    found.push(path.strip_prefix(folder).unwrap().display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn old_files_are_there_until_new_ones_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        staged(&target, Mode::ErrorIfExists, &["a"]).commit().unwrap();
        assert_eq!(files(folder.path()), ["out/_SUCCESS", "out/a"]);
        drop(staged(&target, Mode::Overwrite, &["b"]));
        assert_eq!(files(folder.path()), ["out/_SUCCESS", "out/a"], "it was never committed");
        staged(&target, Mode::Overwrite, &["b"]).commit().unwrap();
        assert_eq!(files(folder.path()), ["out/_SUCCESS", "out/b"]);
        staged(&target, Mode::Append, &["k=1/c"]).commit().unwrap();
        assert_eq!(files(folder.path()), ["out/_SUCCESS", "out/b", "out/k=1/c"]);
        staged(&target, Mode::ErrorIfExists, &["d"]).commit().unwrap_err();
        assert_eq!(files(folder.path()), ["out/_SUCCESS", "out/b", "out/k=1/c"]);
        staged(&target, Mode::Overwrite, &[]).commit().unwrap();
        assert_eq!(files(folder.path()), ["out/_SUCCESS"], "no rows are no files");
    }

    #[test]
    fn what_a_killed_process_had_taken_away_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out");
        fs::create_dir(folder.path().join(".out.replaced-run-1")).unwrap();
        fs::write(folder.path().join(".out.replaced-run-1/old"), "").unwrap();
        drop(staged(&target, Mode::Overwrite, &["new"]));
        assert_eq!(files(folder.path()), ["out/old"]);
    }

    #[test]
    fn folders_of_partitions_are_called_as_spark_calls_them() {
        // Right sides: what Spark 4.3.0 made of the same values.
        for (sail, spark) in [
            ("n=%C3%A9", "n=é"),
            ("n=q%22uo", "n=q%22uo"),
            ("n=line%0Abreak", "n=line%0Abreak"),
            ("s= sp ", "s= sp "),
            ("s=back%5Cslash", "s=back%5Cslash"),
            ("s=a,b", "s=a,b"),
            ("s=__HIVE_DEFAULT_PARTITION__", "s=__HIVE_DEFAULT_PARTITION__"),
        ] {
            assert_eq!(spark_name(sail).as_deref(), Some(spark));
        }
        assert_eq!(spark_name("no partition"), None);
    }
}
