//! A zip archive of stored entries, written forward only. Sizes follow the data; beyond 4 GiB by zip64 records.
//! Source: PKWARE's APPNOTE 6.3.

use std::io::{self, Read, Write};

/// An archive that is being written.
pub(super) struct Zip<'a> {
    output: &'a mut dyn Write,
    written: u64,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    offset: u64,
    size: u64,
    crc: u32,
}

const CHUNK: usize = 64 * 1024;
/// Zip64, sizes behind the data, names in UTF-8.
const VERSION: u16 = 45;
const FLAGS: u16 = 0x0808;
const FOLDER_FLAGS: u16 = 0x0800;
/// 1980-01-01, the first date that the format has.
const DATE: u16 = 0x0021;

impl<'a> Zip<'a> {
    pub(super) fn new(output: &'a mut dyn Write) -> Self {
        Self { output, written: 0, entries: Vec::new() }
    }

    /// An empty folder; its name ends with a slash.
    pub(super) fn folder(&mut self, name: &str) -> io::Result<()> {
        let entry = Entry { name: name.to_owned(), offset: self.written, size: 0, crc: 0 };
        self.local_header(name, FOLDER_FLAGS)?;
        self.entries.push(entry);
        Ok(())
    }

    pub(super) fn file(&mut self, name: &str, data: &mut dyn Read) -> io::Result<()> {
        let offset = self.written;
        self.local_header(name, FLAGS)?;
        let (mut size, mut crc) = (0, Crc::new());
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match data.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            crc.add(&chunk[..read]);
            self.put(&chunk[..read])?;
            size += read as u64;
        }
        let crc = crc.end();
        // The local header announces zip64, so the sizes here have eight bytes.
        let mut descriptor = Bytes::default();
        descriptor.u32(0x0807_4b50).u32(crc).u64(size).u64(size);
        self.put(&descriptor.0)?;
        self.entries.push(Entry { name: name.to_owned(), offset, size, crc });
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        let start = self.written;
        for entry in std::mem::take(&mut self.entries) {
            let flags = if entry.name.ends_with('/') { FOLDER_FLAGS } else { FLAGS };
            let mut record = Bytes::default();
            record.u32(0x0201_4b50).u16(VERSION).u16(VERSION).u16(flags).u16(0).u16(0).u16(DATE);
            record.u32(entry.crc).u32(u32::MAX).u32(u32::MAX).u16(length(&entry.name)?).u16(28);
            record.u16(0).u16(0).u16(0).u32(0).u32(u32::MAX);
            record.0.extend_from_slice(entry.name.as_bytes());
            record.u16(1).u16(24).u64(entry.size).u64(entry.size).u64(entry.offset);
            self.put(&record.0)?;
            self.entries.push(entry);
        }
        let (end, count) = (self.written, self.entries.len() as u64);
        let mut record = Bytes::default();
        record.u32(0x0606_4b50).u64(44).u16(VERSION).u16(VERSION).u32(0).u32(0);
        record.u64(count).u64(count).u64(end - start).u64(start);
        record.u32(0x0706_4b50).u32(0).u64(end).u32(1);
        let few = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        record.u32(0x0605_4b50).u16(0).u16(0).u16(count).u16(count);
        record.u32(few(end - start)).u32(few(start)).u16(0);
        self.put(&record.0)?;
        self.output.flush()
    }

    fn local_header(&mut self, name: &str, flags: u16) -> io::Result<()> {
        let is_folder = flags == FOLDER_FLAGS;
        let mut header = Bytes::default();
        header.u32(0x0403_4b50).u16(VERSION).u16(flags).u16(0).u16(0).u16(DATE).u32(0);
        let size = if is_folder { 0 } else { u32::MAX };
        header.u32(size).u32(size).u16(length(name)?).u16(if is_folder { 0 } else { 20 });
        header.0.extend_from_slice(name.as_bytes());
        if !is_folder {
            header.u16(1).u16(16).u64(0).u64(0);
        }
        self.put(&header.0)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.output.write_all(bytes)
    }
}

fn length(name: &str) -> io::Result<u16> {
    u16::try_from(name.len()).map_err(|_| io::Error::other("the name of a log is too long"))
}

/// Little-endian numbers.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }
}

/// CRC-32 of ISO 3309.
struct Crc(u32);

const TABLE: [u32; 256] = table();

impl Crc {
    fn new() -> Self {
        Self(u32::MAX)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let [low, ..] = self.0.to_le_bytes();
            self.0 = TABLE[usize::from(low ^ byte)] ^ (self.0 >> 8);
        }
    }

    fn end(self) -> u32 {
        !self.0
    }
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    let mut byte = 0_u32;
    while at < 256 {
        let mut value = byte;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xEDB8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[at] = value;
        at += 1;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_crc_32_is_right() {
        let mut crc = Crc::new();
        crc.add(b"1234");
        crc.add(b"56789");
        assert_eq!(crc.end(), 0xCBF4_3926);
    }
}
