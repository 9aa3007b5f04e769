//! Applications that were read from detail files, kept up to a number of bytes of their files.

use crate::Error;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tinderbox_model::Application;
use tinderbox_table::read_detail;

/// The applications read last. Bounded by the size of their compressed files, of which they are some ten times.
#[derive(Debug, Default)]
pub(crate) struct Applications {
    kept: Mutex<VecDeque<Kept>>,
}

#[derive(Debug)]
struct Kept {
    name: String,
    bytes: u64,
    application: Arc<Application>,
}

impl Applications {
    const LIMIT_BYTES: u64 = 8 << 20;

    /// The application in the detail file `path`; `name` is unique to its content. Blocks when it must be read.
    pub fn read(&self, name: &str, path: &Path) -> Result<Arc<Application>, Error> {
        if let Some(application) = self.find(name) {
            return Ok(application);
        }
        let application = Arc::new(read_detail(path)?);
        let bytes = std::fs::metadata(path).map_or(0, |data| data.len());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(Kept { name: name.to_owned(), bytes, application: application.clone() });
        while kept.len() > 1 && kept.iter().map(|one| one.bytes).sum::<u64>() > Self::LIMIT_BYTES {
            kept.pop_front();
        }
        Ok(application)
    }

    fn find(&self, name: &str) -> Option<Arc<Application>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|one| one.name == name)?;
        let found = kept.remove(at)?;
        let application = found.application.clone();
        kept.push_back(found);
        Some(application)
    }
}
