//! Files of a data set in an object store.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use tinderbox_collect::{Remote, Upload};
use tinderbox_model::Bytes;
use tinderbox_table::{FileStore, NewFile, NewFolder};

/// Files below a place of an object store. An object appears when its file is kept; the objects of a folder appear one by
/// one and go again when the folder is not kept.
#[derive(Debug)]
pub struct ObjectFiles {
    root: Remote,
}

impl ObjectFiles {
    /// Files below `root`.
    pub fn new(root: Remote) -> Self {
        Self { root }
    }
}

impl FileStore for ObjectFiles {
    fn place(&self) -> String {
        self.root.to_string()
    }

    fn is_empty(&self) -> io::Result<bool> {
        self.root.is_empty().map_err(io::Error::other)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn NewFile>> {
        Ok(Box::new(NewObject(self.root.below(name).upload())))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.root.below(name).delete().map_err(io::Error::other)
    }

    fn folder(&self, name: &str) -> io::Result<Box<dyn NewFolder + '_>> {
        let root = self.root.below(name);
        let before = root.all_below().map_err(io::Error::other)?;
        Ok(Box::new(ObjectFolder { root, before, made: Mutex::default() }))
    }
}

struct NewObject(Upload);

impl Write for NewObject {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile for NewObject {
    fn close(&mut self) -> io::Result<()> {
        self.0.close()
    }

    fn keep(self: Box<Self>) -> io::Result<Bytes> {
        self.0.keep()
    }
}

/// Objects that were begun, and those that were there before.
struct ObjectFolder {
    root: Remote,
    before: Vec<Remote>,
    made: Mutex<Vec<Remote>>,
}

impl NewFolder for ObjectFolder {
    fn create(&self, name: &str) -> io::Result<Box<dyn NewFile>> {
        let place = self.root.below(name);
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(place.clone());
        Ok(Box::new(NewObject(place.upload())))
    }

    fn keep(mut self: Box<Self>) -> io::Result<()> {
        let made = std::mem::take(self.made.get_mut().unwrap_or_else(PoisonError::into_inner));
        let made: std::collections::HashSet<String> = made.iter().map(Remote::to_string).collect();
        for old in &self.before {
            if !made.contains(&old.to_string()) {
                old.delete().map_err(io::Error::other)?;
            }
        }
        Ok(())
    }
}

impl Drop for ObjectFolder {
    fn drop(&mut self) {
        let made = self.made.get_mut().unwrap_or_else(PoisonError::into_inner);
        for place in made.drain(..) {
            // One that cannot be removed stays; the error that led here is told.
            let _ = place.delete();
        }
    }
}
