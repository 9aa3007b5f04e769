//! Objects that are written.

use crate::access::Begun;
use crate::error::of_io;
use crate::location::Remote;
use crate::object_source::Bucket;
use crate::{Error, Location};
use object_store::path::Path as Key;
use object_store::{MultipartUpload, PutPayload};
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use tinderbox_model::Bytes;

/// Bytes that are sent at a time; stores want at least 5 MiB, all parts equal, and take 10,000 of them.
const PART_BYTES: usize = 16 << 20;
/// Parts that are on their way while the next one is written.
const AHEAD: usize = 2;

impl Remote {
    /// The place below this one, by a name with `/` between folder and file.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        let parts = name.split('/').filter(|part| !part.is_empty());
        let key = parts.fold(self.key.clone(), |key, part| key.join(part));
        Self { bucket: self.bucket.clone(), key }
    }

    /// Whether nothing lies below.
    ///
    /// # Errors
    /// [`Error::Missing`] for a bucket that is not there, [`Error::Unreadable`].
    pub fn is_empty(&self) -> Result<bool, Error> {
        let listed = self.bucket.list(&self.key).map_err(|source| self.failed(source))?;
        Ok(listed.objects.is_empty() && listed.common_prefixes.is_empty())
    }

    /// What lies below, as places.
    ///
    /// # Errors
    /// As [`Remote::is_empty`].
    pub fn all_below(&self) -> Result<Vec<Self>, Error> {
        let listed = self.bucket.list_all(&self.key).map_err(|source| self.failed(source))?;
        let place = |key: Key| Self { bucket: self.bucket.clone(), key };
        Ok(listed.into_iter().map(|object| place(object.location)).collect())
    }

    /// Removes the object; one that is not there is no error.
    ///
    /// # Errors
    /// [`Error::Unreadable`] when it is still there.
    pub fn delete(&self) -> Result<(), Error> {
        match self.bucket.delete(&self.key) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(self.failed(source)),
            _ => Ok(()),
        }
    }

    /// Begins the object. It is there, as a whole, after [`Upload::keep`], and not when that is not called.
    pub fn upload(&self) -> Upload {
        Upload {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            buffer: Vec::new(),
            parts: None,
            on_their_way: VecDeque::new(),
            size: 0,
        }
    }

    fn failed(&self, source: io::Error) -> Error {
        of_io(&Location::Remote(self.clone()), source)
    }
}

/// An object that is being written: a small one is sent when it is kept, a large one in parts. What was sent of one that
/// is dropped is given up.
pub struct Upload {
    bucket: Arc<Bucket>,
    key: Key,
    buffer: Vec<u8>,
    parts: Option<Box<dyn MultipartUpload>>,
    on_their_way: VecDeque<Begun<io::Result<()>>>,
    size: u64,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = format!("{}/{}", self.bucket.url(), self.key);
        f.debug_struct("Upload").field("place", &place).finish_non_exhaustive()
    }
}

impl Upload {
    /// Sends what is left of a large object, and waits until all of it has arrived.
    ///
    /// # Errors
    /// What the store says.
    pub fn close(&mut self) -> io::Result<()> {
        if self.parts.is_some() {
            self.send()?;
        }
        self.arrived(0)
    }

    /// Puts the object at its place. Answers its size.
    ///
    /// # Errors
    /// What the store says.
    pub fn keep(mut self) -> io::Result<Bytes> {
        self.close()?;
        match self.parts.take() {
            Some(parts) => self.bucket.complete(parts)?,
            None => self.bucket.put(&self.key, std::mem::take(&mut self.buffer).into())?,
        }
        Ok(Bytes(self.size))
    }

    /// Sends the next part.
    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let parts = match &mut self.parts {
            Some(parts) => parts,
            None => self.parts.insert(self.bucket.begin_parts(&self.key)?),
        };
        let part: PutPayload = std::mem::take(&mut self.buffer).into();
        let sent = self.bucket.send_part(parts.as_mut(), part);
        self.on_their_way.push_back(sent);
        self.arrived(AHEAD)
    }

    /// Waits until at most so many are on their way.
    fn arrived(&mut self, most: usize) -> io::Result<()> {
        while self.on_their_way.len() > most {
            if let Some(part) = self.on_their_way.pop_front() {
                part.received()?;
            }
        }
        Ok(())
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PART_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        self.size += taken as u64;
        if self.buffer.len() == PART_BYTES {
            self.send()?;
        }
        Ok(taken)
    }

    /// Parts have a size of their own.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.on_their_way.clear();
        if let Some(parts) = self.parts.take() {
            // Otherwise stores keep, and bill, what was sent.
            let _ = self.bucket.abort(parts);
        }
    }
}
