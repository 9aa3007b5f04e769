use std::collections::BTreeMap;
use std::path::PathBuf;
use tinderbox_engine::Host;

/// Where Sparks are looked for: the environment, and the folder that Tinderbox's own set-up installs into.
#[derive(Debug, Clone, Default)]
pub struct SparkPlaces {
    variables: BTreeMap<String, String>,
    sail_driver: Option<PathBuf>,
}

impl SparkPlaces {
    /// From the environment of this process, without variables that are not UTF-8; see
    /// [`SparkPlaces::from_variables`].
    pub fn from_environment() -> Self {
        Self::from_variables(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// From these environment variables. `TINDERBOX_SPARK_HOMES` (Spark homes or Python environments, colons
    /// between) comes first, then the environments `spark-*` in the cache folder (`TINDERBOX_CACHE`, else
    /// `tinderbox` in the user's cache), then what `SPARK_HOME` and the `PATH` name.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut variables: BTreeMap<_, _> = variables.into_iter().collect();
        let named = variables.get(HOMES).cloned().unwrap_or_default();
        let installed = cache_folder(&variables).map(environments).unwrap_or_default();
        let homes: Vec<_> = named
            .split(':')
            .map(str::to_owned)
            .chain(installed)
            .filter(|p| !p.is_empty())
            .collect();
        variables.insert(HOMES.to_owned(), homes.join(":"));
        Self { variables, sail_driver: None }
    }

    /// The same with the program that is the driver of runs on Sail, called with `sail-driver` and the attempt's folder: see
    /// [`crate::drive_on_sail`]. Without one there are no such runs.
    #[must_use]
    pub fn with_sail_driver(self, program: PathBuf) -> Self {
        Self { sail_driver: Some(program), ..self }
    }

    pub(crate) fn sail_driver(&self) -> Option<PathBuf> {
        self.sail_driver.clone()
    }

    /// Where Sail is: `TINDERBOX_SAIL`, else `sail` in the cache folder. `None` without any folder of the user.
    pub fn sail(&self) -> Option<PathBuf> {
        let named = self.variables.get("TINDERBOX_SAIL").filter(|value| !value.is_empty());
        named.map(PathBuf::from).or_else(|| Some(cache_folder(&self.variables)?.join("sail")))
    }

    /// The Python that makes environments: `TINDERBOX_PYTHON`, else `python3` from the `PATH`.
    pub(crate) fn python(&self) -> PathBuf {
        let named = self.variables.get("TINDERBOX_PYTHON").filter(|value| !value.is_empty());
        PathBuf::from(named.map_or("python3", String::as_str))
    }

    /// This machine as runs see it.
    pub(crate) fn host(self) -> Host {
        Host::measure(self.variables)
    }
}

const HOMES: &str = "TINDERBOX_SPARK_HOMES";

fn cache_folder(variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    let named = |name| variables.get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("TINDERBOX_CACHE")
        .or_else(|| Some(named("XDG_CACHE_HOME")?.join("tinderbox")))
        .or_else(|| Some(named("HOME")?.join(".cache/tinderbox")))
}

/// Finished environments, by name. A folder without its Python is one that is just being made.
fn environments(cache: PathBuf) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(cache) else { return Vec::new() };
    let mut found: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("spark-"))
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/python").exists())
        .map(|path| path.display().to_string())
        .collect();
    found.sort();
    found
}
