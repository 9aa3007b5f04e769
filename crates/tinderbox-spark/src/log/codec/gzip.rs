use super::Codec;
use super::input::Input;
use flate2::bufread::MultiGzDecoder;
use std::io::{self, ErrorKind, Read};

/// Gzip members one after the other.
pub(super) struct GzipReader<R>(MultiGzDecoder<Input<R>>);

impl<R: Read> GzipReader<R> {
    pub(super) fn new(reader: R) -> Self {
        Self(MultiGzDecoder::new(Input::new(Codec::Gzip, reader)))
    }
}

impl<R: Read> Read for GzipReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let result = self.0.read(out);
        let input = self.0.get_mut();
        match result {
            Ok(count) => Ok(count),
            Err(error) if input.failed() || error.kind() == ErrorKind::Interrupted => Err(error),
            // No byte at all is an empty log.
            Err(_) if input.offset() == 0 && input.is_at_end()? => Ok(0),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(input.cut("a member")),
            Err(error) => Err(input.damaged(input.offset(), error)),
        }
    }
}
