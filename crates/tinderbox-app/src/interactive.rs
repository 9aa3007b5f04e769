//! Interactive sessions that the terminal has opened: what it takes to come back to one, as a small file each. No file holds a
//! secret: of a token only the name of the environment variable is kept that has it.

use crate::history_sql::start_sail;
use crate::{Error, SparkPlaces, blocking};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use tinderbox_connect::{ConnectProfile, InteractiveSession, Sail, SessionId};
use tinderbox_model::TimestampMs;

/// Folder of the files in the data directory.
const FOLDER: &str = "sessions";

/// A session, as far as a file knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSession {
    /// Its id on the server.
    pub id: String,
    /// What its owner calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the server is: `sc://HOST:PORT`.
    pub address: String,
    /// Whether TLS is spoken.
    #[serde(default)]
    pub tls: bool,
    /// Whose session it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The environment variable that has the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_variable: Option<String>,
    /// Who computes, in words.
    pub engine: String,
    /// When it was opened.
    pub opened_ms: TimestampMs,
}

impl KnownSession {
    /// How to come back to it. `variable` gives the value of an environment variable.
    ///
    /// # Errors
    /// [`Error::Connect`] for an id that is none, [`Error::NoToken`].
    pub fn profile(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<(ConnectProfile, SessionId), Error> {
        let token = self
            .token_variable
            .as_deref()
            .map(|name| variable(name).ok_or_else(|| Error::NoToken { variable: name.to_owned() }));
        let profile = ConnectProfile {
            address: self.address.clone(),
            token: token.transpose()?,
            is_tls: self.tls,
            user: self.user.clone(),
        };
        Ok((profile, self.id.parse()?))
    }
}

/// The files of a data directory. Needs no owner of it: each file is written whole, by whoever opens a session.
#[derive(Debug, Clone)]
pub struct SessionFiles {
    folder: PathBuf,
}

impl SessionFiles {
    /// Those of this data directory, which need not be there.
    pub fn of(data_dir: &Path) -> Self {
        Self { folder: data_dir.join(FOLDER) }
    }

    /// All sessions, the newest first. Files that are none of ours are left out.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn list(&self) -> Result<Vec<KnownSession>, Error> {
        let failed = |source| Error::File { path: self.folder.clone(), source };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut sessions: Vec<KnownSession> = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let text = fs::read_to_string(&path).ok();
                sessions.extend(text.and_then(|text| serde_json::from_str(&text).ok()));
            }
        }
        sessions.sort_by(|a, b| (b.opened_ms, &b.id).cmp(&(a.opened_ms, &a.id)));
        Ok(sessions)
    }

    /// The session of this name or id; a beginning of an id will do when no other one begins so, and `latest`.
    ///
    /// # Errors
    /// [`Error::NoSession`], [`Error::File`].
    pub fn find(&self, text: &str) -> Result<KnownSession, Error> {
        let all = self.list()?;
        let named = all.iter().find(|one| one.name.as_deref() == Some(text) || one.id == text);
        let begins: Vec<&KnownSession> =
            all.iter().filter(|one| !text.is_empty() && one.id.starts_with(text)).collect();
        let found = match (named, begins.as_slice()) {
            (Some(one), _) => Some(one),
            (None, [one]) => Some(*one),
            (None, []) if text == "latest" => all.first(),
            _ => None,
        };
        found.cloned().ok_or_else(|| Error::NoSession {
            text: text.to_owned(),
            known: all.iter().map(|one| one.name.as_ref().unwrap_or(&one.id).clone()).collect(),
        })
    }

    /// Keeps a session.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn keep(&self, session: &KnownSession) -> Result<(), Error> {
        let path = self.path(&session.id);
        let write = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            serde_json::to_writer_pretty(&mut file, session)?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|source| Error::File { path: path.clone(), source })
    }

    /// Forgets a session; one that is not there is forgotten already.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn forget(&self, id: &str) -> Result<(), Error> {
        let path = self.path(id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(Error::File { path, source: error })
            }
            _ => Ok(()),
        }
    }

    /// Ids are UUIDs; what a file says is not trusted to be one.
    fn path(&self, id: &str) -> PathBuf {
        let name: String =
            id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        self.folder.join(format!("{name}.json"))
    }
}

/// A session that lives no longer than the command that opened it.
#[derive(Debug)]
pub struct OwnSession {
    /// The session.
    pub session: InteractiveSession,
    /// Ends with this.
    _sail: Option<Sail>,
}

impl OwnSession {
    /// Opens one on a server, or on a Sail of its own when there is none.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::File`].
    pub async fn open(places: &SparkPlaces, server: Option<&str>) -> Result<Self, Error> {
        let (sail, address) = match server {
            Some(address) => (None, address.to_owned()),
            None => {
                let sail = start_sail(places).await?;
                let address = sail.url().to_owned();
                (Some(sail), address)
            }
        };
        let profile = ConnectProfile::at(address);
        let session = InteractiveSession::open(&profile, SessionId::random()).await?;
        Ok(Self { session, _sail: sail })
    }
}

/// Runs file operations of [`SessionFiles`] where they block nobody.
///
/// # Errors
/// Those of the operation.
pub async fn with_session_files<T: Send + 'static>(
    files: &SessionFiles,
    act: impl FnOnce(&SessionFiles) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let files = files.clone();
    blocking(move || act(&files)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(id: &str, name: Option<&str>, opened: u64) -> KnownSession {
        KnownSession {
            id: id.to_owned(),
            name: name.map(str::to_owned),
            address: "sc://h:1".to_owned(),
            tls: false,
            user: None,
            token_variable: Some("TOKEN".to_owned()),
            engine: "Spark Connect 4.3.0".to_owned(),
            opened_ms: TimestampMs(opened.try_into().unwrap()),
        }
    }

    #[test]
    fn sessions_are_found_by_name_id_and_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let files = SessionFiles::of(folder.path());
        assert_eq!(files.list().unwrap(), []);
        assert!(matches!(files.find("latest"), Err(Error::NoSession { .. })));
        let (a, b) = (known("aaaa-1", Some("sales"), 1), known("aaaa-2", None, 2));
        files.keep(&a).unwrap();
        files.keep(&b).unwrap();
        std::fs::write(folder.path().join("sessions/other.json"), "{").unwrap();
        assert_eq!(files.list().unwrap(), [b.clone(), a.clone()]);
        for (text, found) in [("sales", &a), ("aaaa-2", &b), ("latest", &b), ("aaaa-1", &a)] {
            assert_eq!(files.find(text).unwrap(), *found, "{text}");
        }
        for text in ["aaaa", "", "x"] {
            let error = files.find(text).unwrap_err();
            assert!(error.hint().unwrap().contains("sales"), "{error}");
        }
        files.forget("aaaa-2").unwrap();
        files.forget("aaaa-2").unwrap();
        assert_eq!(files.list().unwrap(), [a]);
        files.forget("../sessions/aaaa-1").unwrap();
        assert_eq!(files.list().unwrap().len(), 1);
    }

    #[test]
    fn token_comes_from_the_environment() {
        let id = "6f1c1a9e-0d0b-4f55-8d6c-2f3b7d5a9c10";
        let session = known(id, None, 1);
        let (profile, found) = session.profile(|name| Some(format!("{name}!"))).unwrap();
        assert_eq!((profile.token.as_deref(), found.to_string()), (Some("TOKEN!"), id.to_owned()));
        assert!(matches!(session.profile(|_| None), Err(Error::NoToken { .. })));
        assert!(known("x", None, 1).profile(|_| Some(String::new())).is_err());
    }
}
