//! Objects that are written once: results, which nothing may ever replace.

use crate::access::back_off;
use crate::error::of_io;
use crate::location::Remote;
use crate::object_source::{Bucket, ObjectState, is_transient, plain};
use crate::{Error, Location};
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload};
use std::io;
use std::time::Duration;
use tinderbox_model::Bytes;

/// What became of an object that was to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It is new.
    New,
    /// It was there already, byte for byte: an earlier try had made it, maybe one whose answer was lost.
    Same,
}

/// Of one request; S3 takes no more in one.
const MOST_BYTES: u64 = 5 << 30;
/// Tries beside those that the client makes itself: it does not send a conditional request again after a broken connection.
const TRIES: u32 = 6;
/// For all tries together.
const TIME_LIMIT: Duration = Duration::from_secs(15 * 60);

impl Remote {
    /// Makes the object, on the condition that there is none (`If-None-Match: *`), so that of several writers one wins. Tried
    /// again when the connection breaks; that a try was answered to nobody is found out by comparing.
    ///
    /// # Errors
    /// [`Error::Exists`] when another object is there, [`Error::Missing`] without the bucket, [`Error::Unwritable`].
    pub fn create(&self, bytes: &[u8]) -> Result<Created, Error> {
        let place = || self.to_string();
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists { place: place() },
            io::ErrorKind::NotFound => Error::Missing { place: place() },
            _ => Error::Unwritable { place: place(), source },
        };
        if bytes.len() as u64 > MOST_BYTES {
            let text = format!("{} bytes are more than a store takes at once", bytes.len());
            return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, text)));
        }
        self.bucket.create(&self.key, bytes).map_err(failed)
    }

    /// The object of exactly this key in the same bucket, whatever signs are in it; [`Remote::below`] writes some of them with `%`.
    ///
    /// # Errors
    /// [`Error::Key`] for empty parts, `.`, `..` and control characters.
    pub fn with_key(&self, key: &str) -> Result<Self, Error> {
        let key = Key::parse(key).map_err(|error| Error::Key {
            place: format!("{}/{}", self.bucket.url(), key.escape_debug()),
            reason: error.to_string(),
        })?;
        Ok(Self { bucket: self.bucket.clone(), key })
    }

    /// The object as a whole.
    ///
    /// # Errors
    /// [`Error::Missing`], and [`Error::Unreadable`], also for one of more than `most` bytes.
    pub fn content(&self, most: Bytes) -> Result<Vec<u8>, Error> {
        let failed = |source| of_io(&Location::Remote(self.clone()), source);
        let object = self.bucket.head(&self.key).map_err(failed)?;
        if object.size > most.0 {
            let text = format!("it has {} bytes, more than {}", object.size, most.0);
            return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, text)));
        }
        if object.size == 0 {
            return Ok(Vec::new());
        }
        let state = ObjectState { size: object.size, e_tag: object.e_tag };
        let read = self.bucket.read(&self.key, &state, 0..state.size);
        self.bucket.worker().wait(read).map_err(failed)
    }

    /// The size of the object; `None` when there is none of this key.
    ///
    /// # Errors
    /// [`Error::Missing`] for a bucket that is not there, [`Error::Unreadable`].
    pub fn size(&self) -> Result<Option<Bytes>, Error> {
        match self.bucket.head(&self.key) {
            Ok(object) => Ok(Some(Bytes(object.size))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A bucket that is not there answers so, too.
                self.is_empty().map(|_| None)
            }
            Err(source) => Err(of_io(&Location::Remote(self.clone()), source)),
        }
    }

    /// Whether an object is there, or something lies below.
    ///
    /// # Errors
    /// [`Error::Missing`] for a bucket that is not there, [`Error::Unreadable`].
    pub fn is_there(&self) -> Result<bool, Error> {
        match self.bucket.head(&self.key) {
            Ok(_) => Ok(true),
            // A bucket that is not there answers so, too; listing tells them apart.
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.is_empty().map(|is| !is),
            Err(source) => Err(of_io(&Location::Remote(self.clone()), source)),
        }
    }
}

impl Bucket {
    fn create(&self, key: &Key, bytes: &[u8]) -> io::Result<Created> {
        let (store, key, secrets) = (self.store.clone(), key.clone(), self.secrets.clone());
        let payload = PutPayload::from(bytes.to_vec());
        self.worker().wait(async move {
            let created = created(store.as_ref(), &key, payload);
            match tokio::time::timeout(TIME_LIMIT, created).await {
                Ok(result) => result.map_err(|error| plain(&error, &secrets)),
                Err(_) => {
                    let text = format!("not done within {} seconds", TIME_LIMIT.as_secs());
                    Err(io::Error::new(io::ErrorKind::TimedOut, text))
                }
            }
        })
    }
}

async fn created(
    store: &dyn ObjectStore,
    key: &Key,
    payload: PutPayload,
) -> object_store::Result<Created> {
    let mut tries = 0;
    loop {
        let error = match store.put_opts(key, payload.clone(), PutMode::Create.into()).await {
            Ok(_) => return Ok(Created::New),
            Err(error @ object_store::Error::AlreadyExists { .. }) => {
                match is_same(store, key, &payload).await {
                    Ok(true) => return Ok(Created::Same),
                    // A store may answer so while another write goes on that comes to nothing.
                    Err(object_store::Error::NotFound { .. }) if tries < TRIES => error,
                    Err(other) if is_transient(&other) && tries < TRIES => other,
                    _ => return Err(error),
                }
            }
            Err(error) => error,
        };
        let is_about_object = matches!(error, object_store::Error::AlreadyExists { .. });
        tries += 1;
        if tries >= TRIES || !(is_transient(&error) || is_about_object) {
            return Err(error);
        }
        tokio::time::sleep(back_off(Duration::from_millis(200), tries)).await;
    }
}

async fn is_same(
    store: &dyn ObjectStore,
    key: &Key,
    payload: &PutPayload,
) -> object_store::Result<bool> {
    let object = store.get(key).await?;
    if object.meta.size != payload.content_length() as u64 {
        return Ok(false);
    }
    let found = object.bytes().await?;
    let mut rest = found.as_ref();
    Ok(payload.iter().all(|chunk| match rest.strip_prefix(chunk.as_ref()) {
        Some(behind) => {
            rest = behind;
            true
        }
        None => false,
    }))
}
