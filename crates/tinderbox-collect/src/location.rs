use crate::object_source::Bucket;
use crate::{Access, Error};
use object_store::path::Path as Key;
use reqwest::Url;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where something lies: on this machine or in an object store. Shown as the path or the URL, without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A path on this machine.
    Local(PathBuf),
    /// A key or a prefix in an object store.
    Remote(Remote),
}

/// A place in an object store.
#[derive(Clone)]
pub struct Remote {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) key: Key,
}

impl Location {
    /// A path, `file:/path` or `file:///path` as Spark writes them, or the URL of an object store:
    /// `s3://bucket/prefix` (also `s3a` and `s3n`), `gs://bucket/prefix`, `az://container/prefix`,
    /// `abfs[s]://container@account.dfs.core.windows.net/prefix`, or an `https` URL of Amazon's or Azure's stores.
    /// Nothing is called yet.
    ///
    /// # Errors
    /// [`Error::Url`] for other URLs and such with credentials in them, [`Error::Setting`] for settings that do not fit.
    pub fn parse(text: &str, access: &Access) -> Result<Self, Error> {
        if let Some(rest) = text.strip_prefix("file:") {
            return Ok(Self::Local(PathBuf::from(rest.strip_prefix("//").unwrap_or(rest))));
        }
        if !text.contains("://") {
            return Ok(Self::Local(PathBuf::from(text)));
        }
        let wrong =
            |reason: &str| Error::Url { url: without_secrets(text), reason: reason.to_owned() };
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        // In abfs[s] URLs the user's place holds the container.
        if url.password().is_some()
            || (!url.scheme().starts_with("abfs") && !url.username().is_empty())
        {
            return Err(wrong("it holds credentials; they belong into the environment"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it has a query; credentials belong into the environment"));
        }
        let (bucket, key) = Bucket::connect(&url, access)?;
        Ok(Self::Remote(Remote { bucket: Arc::new(bucket), key }))
    }

    /// Last part of path or key.
    pub fn name(&self) -> String {
        match self {
            Self::Local(path) => path
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            Self::Remote(remote) => remote.key.filename().unwrap_or_default().to_owned(),
        }
    }

    /// The same place with another last part.
    pub(crate) fn with_name(&self, name: &str) -> Self {
        match self {
            Self::Local(path) => Self::Local(path.with_file_name(name)),
            Self::Remote(remote) => {
                let mut parts: Vec<_> = remote.key.parts().collect();
                parts.pop();
                let folder = Key::from_iter(parts);
                Self::Remote(Remote { bucket: remote.bucket.clone(), key: folder.join(name) })
            }
        }
    }

    /// With symbolic links and dots resolved, so that one directory has one name; as it is when that fails.
    #[must_use]
    pub fn canonical(self) -> Self {
        match self {
            Self::Local(path) => Self::Local(
                // One that is not there still counts from here, not from where a server works.
                path.canonicalize().or_else(|_| std::path::absolute(&path)).unwrap_or(path),
            ),
            remote => remote,
        }
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::Local(path.to_owned())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => write!(f, "{}", path.display()),
            Self::Remote(remote) => fmt::Display::fmt(remote, f),
        }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket.url(), self.key)
    }
}

impl PartialEq for Remote {
    fn eq(&self, other: &Self) -> bool {
        self.bucket.url() == other.bucket.url() && self.key == other.key
    }
}

impl Eq for Remote {}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket.url(), self.key)
    }
}

/// A URL to be shown: without what stands before an `@` and after a `?`.
pub(crate) fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_local_paths_or_file_urls() {
        for text in ["/var/logs", "file:/var/logs", "file:///var/logs"] {
            let location = Location::parse(text, &Access::default()).unwrap();
            assert_eq!(location, Location::Local(PathBuf::from("/var/logs")), "{text}");
        }
    }

    #[test]
    fn credentials_in_urls_are_refused_and_not_repeated() {
        for url in [
            "s3://key:hunter2@bucket/logs",
            "s3://hunter2@bucket/logs",
            "https://account.blob.core.windows.net/logs?sig=hunter2",
        ] {
            let error = Location::parse(url, &Access::default()).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
            assert!(error.hint().contains("environment"), "{}", error.hint());
        }
    }

    #[test]
    fn other_schemes_say_what_is_read() {
        for url in ["hdfs://name/logs", "https://minio.example/logs"] {
            let error = Location::parse(url, &Access::default()).unwrap_err();
            assert!(error.hint().contains("s3://"), "{error}: {}", error.hint());
        }
    }
}
