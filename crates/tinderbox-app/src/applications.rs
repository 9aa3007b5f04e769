//! What was read of records last: applications from detail files, and open task packs.

use crate::{Error, lock};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tinderbox_model::Application;
use tinderbox_table::{Pack, read_detail};

/// The task packs that were opened last: each holds a file and the directory of its blocks.
#[derive(Debug, Default)]
pub(crate) struct Packs {
    open: Mutex<VecDeque<(String, Arc<Pack>)>>,
}

impl Packs {
    const LIMIT: usize = 32;

    /// The pack at `path`; `name` is unique to its content. Blocks when it must be opened.
    pub fn open(&self, name: &str, path: &Path) -> Result<Arc<Pack>, Error> {
        let find = |open: &mut VecDeque<(String, Arc<Pack>)>| {
            let at = open.iter().position(|(known, _)| known == name)?;
            let found = open.remove(at)?;
            open.push_back(found.clone());
            Some(found.1)
        };
        if let Some(pack) = find(&mut lock(&self.open)) {
            return Ok(pack);
        }
        let pack = Arc::new(Pack::open(path)?);
        let mut open = lock(&self.open);
        open.push_back((name.to_owned(), pack.clone()));
        while open.len() > Self::LIMIT {
            open.pop_front();
        }
        Ok(pack)
    }
}

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
        let mut kept = lock(&self.kept);
        kept.push_back(Kept { name: name.to_owned(), bytes, application: application.clone() });
        while kept.len() > 1 && kept.iter().map(|one| one.bytes).sum::<u64>() > Self::LIMIT_BYTES {
            kept.pop_front();
        }
        Ok(application)
    }

    fn find(&self, name: &str) -> Option<Arc<Application>> {
        let mut kept = lock(&self.kept);
        let at = kept.iter().position(|one| one.name == name)?;
        let found = kept.remove(at)?;
        let application = found.application.clone();
        kept.push_back(found);
        Some(application)
    }
}
