//! What sources of history may call and with which credentials: the one place where both come from the environment.

use crate::args::Outgoing;
use tinderbox_app::LogSource;
use tinderbox_collect::{Access, AccessOptions, Depth, Error, Location};

/// Beginnings of the variables that object stores know.
const PREFIXES: [&str; 3] = ["AWS_", "GOOGLE_", "AZURE_"];

/// Access with the settings of this process's environment.
pub fn access(outgoing: &Outgoing) -> Access {
    let settings = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| {
            !value.is_empty() && PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        })
        .collect();
    Access::new(AccessOptions {
        settings,
        allow_instance_metadata: outgoing.allow_instance_metadata,
        proxy: outgoing.proxy.clone(),
    })
}

/// The sources that these paths and URLs name.
pub fn log_sources(
    urls: &[String],
    recursive: bool,
    access: &Access,
) -> Result<Vec<LogSource>, Error> {
    let depth = if recursive { Depth::Recursive } else { Depth::OneLevel };
    let source =
        |url: &String| Ok(LogSource { location: Location::parse(url, access)?.canonical(), depth });
    urls.iter().map(source).collect()
}
