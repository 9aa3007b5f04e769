//! Columns of a spec's sources as their files say, without a server.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use tinderbox_model::NodeId;
use tinderbox_spec::{Data, Operation, Read, Spec};

/// Folders below a source that are looked into for its first file.
const DEPTH: usize = 16;
/// The longest first line of a CSV file.
const LINE: u64 = 1 << 20;

/// The names of all columns of the sources whose files are here: of Parquet by a footer, of CSV by its first line, and those of
/// folders named `column=value`. A source that cannot be read is left out.
pub fn known_columns(spec: &Spec, folder: &Path) -> BTreeMap<NodeId, Vec<String>> {
    let local: BTreeMap<NodeId, String> =
        spec.local_inputs().into_iter().map(|input| (input.node, input.path)).collect();
    let columns = spec.nodes().iter().filter_map(|node| {
        let Operation::Read(read) = &node.operation else { return None };
        let path = folder.join(local.get(&node.id)?);
        Some((node.id.clone(), columns(read, &path)?))
    });
    columns.collect()
}

fn columns(read: &Read, path: &Path) -> Option<Vec<String>> {
    let Data::Files { format, .. } = &read.data else { return None };
    if read.decode.is_some() || read.schema.is_some() {
        return None;
    }
    let option = |name: &str| {
        let found = read.options.iter().find(|(option, _)| option.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    let file = first_file(path, DEPTH)?;
    let mut columns = match *format {
        "parquet" => tinderbox_table::parquet_columns(&file).ok()?,
        "csv" if option("header") == Some("true") => {
            let plain = ["sep", "delimiter", "quote", "escape", "encoding", "multiLine", "comment"];
            if plain.into_iter().any(|name| option(name).is_some()) {
                return None;
            }
            header(&file)?
        }
        _ => return None,
    };
    let folders = file.strip_prefix(path).ok()?.components();
    let folders = folders.filter_map(|part| part.as_os_str().to_str()?.split_once('='));
    for (name, _) in folders {
        if !columns.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            columns.push(name.to_owned());
        }
    }
    Some(columns)
}

/// The first file by name that Spark would read: none that begins with `_` or a point.
fn first_file(path: &Path, depth: usize) -> Option<PathBuf> {
    if path.is_file() {
        return Some(path.to_owned());
    }
    let depth = depth.checked_sub(1)?;
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path).ok()?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let is_read = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with(['_', '.'])
    };
    entries.iter().filter(is_read).find_map(|entry| first_file(entry, depth))
}

/// Names between commas; `None` of what is compressed, quoted in an odd way, or no text.
fn header(file: &Path) -> Option<Vec<String>> {
    let mut line = String::new();
    BufReader::new(File::open(file).ok()?.take(LINE)).read_line(&mut line).ok()?;
    let line = line.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
    let names: Vec<String> = line
        .split(',')
        .map(|name| {
            let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
            quoted.unwrap_or(name).to_owned()
        })
        .collect();
    let is_plain = |name: &String| !name.is_empty() && !name.contains(['"', '\0']);
    names.iter().all(is_plain).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinderbox_spec::{Choice, load};

    #[test]
    fn columns_are_those_of_headers_and_folders() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("in/_SUCCESS", "");
        write("in/day=1/part.csv", "id,\"a b\",day\r\n1,2,3\n");
        write("odd.csv", "id,\"a,b\"\n");
        write("broken.parquet", "no footer");
        let text = "name: job
pipeline:
  sources:
    - {id: a, type: csv, path: in, options: {header: 'true'}}
    - {id: b, type: csv, path: odd.csv, options: {header: 'true'}}
    - {id: c, type: parquet, path: broken.parquet}
    - {id: d, type: csv, path: missing.csv, options: {header: 'true'}}
    - {id: e, type: csv, path: in, schema: 'x INT'}
  sinks:
    - {type: json, path: o1, input: a}
    - {type: json, path: o2, input: b}
    - {type: json, path: o3, input: c}
    - {type: json, path: o4, input: d}
    - {type: json, path: o5, input: e}
";
        let spec = load("job.yaml", text, &Choice::default()).unwrap().spec;
        let known = known_columns(&spec, folder.path());
        assert_eq!(
            known.into_iter().collect::<Vec<_>>(),
            [(NodeId::new("a"), ["id", "a b", "day"].map(str::to_owned).to_vec())]
        );
    }
}
