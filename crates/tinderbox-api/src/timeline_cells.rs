//! The timeline as binary columns.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The head of a timeline in binary form, `application/vnd.tinderbox.timeline`.
///
/// The body is the four bytes `TBTL`, the format's version (1) and the length of the head as unsigned 32-bit numbers,
/// this head as JSON, spaces up to a multiple of eight, and the columns. All numbers are little-endian; a column begins
/// at a multiple of eight. Columns hold all buckets of the first lane, then all of the second, and so on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineCells {
    /// The run.
    pub job_id: String,
    /// Names the record that this was read from. Asked for with it, the answer never changes.
    pub revision: String,
    /// Width of a bucket, a power of two. The nearest that there is to what was asked for.
    pub bucket_ms: u64,
    /// Where the first bucket begins, in milliseconds since 1970: a multiple of the width.
    pub start_ms: i64,
    /// Buckets of each lane.
    pub num_buckets: u64,
    /// What there is beyond this answer; `null` when no task ran.
    pub extent: Option<TimelineExtent>,
    /// Number of the first lane of this answer.
    pub first_lane: u64,
    /// Lanes that there are.
    pub num_lanes: u64,
    /// Lanes of this answer: executors, the driver last; `null` is the lane that all beyond a thousand share.
    pub lanes: Vec<Option<String>>,
    /// Stage attempts as pairs of id and attempt: what the column `stage` points into, from 1.
    pub stages: Vec<(i64, u32)>,
    /// Where the columns are.
    pub columns: Vec<TimelineColumn>,
}

/// What a timeline can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineExtent {
    /// First launch of a task, in milliseconds since 1970.
    pub start_ms: i64,
    /// Last end.
    pub end_ms: i64,
    /// The narrowest buckets.
    pub finest_bucket_ms: u64,
    /// The widest.
    pub coarsest_bucket_ms: u64,
}

/// A column of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineColumn {
    /// `busy_ms`: time of tasks in the bucket, those side by side added up. `launched`, `ended`, `failed`: tasks that did
    /// so in it. `stage`: the stage attempt with the most time in it, its place in `stages` from 1; 0 for none.
    pub name: String,
    /// `uint8`, `uint16`, `uint32` or `float64`: the narrowest that holds its values.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    pub kind: String,
    /// Where it begins, in bytes after the padded head.
    pub offset: u64,
    /// How many values.
    pub num_values: u64,
}

const MAGIC: &[u8; 4] = b"TBTL";
const VERSION: u32 = 1;
const ALIGNMENT: usize = 8;

impl TimelineCells {
    /// The media type.
    pub const MEDIA_TYPE: &'static str = "application/vnd.tinderbox.timeline";

    /// The whole body. Replaces [`TimelineCells::columns`] by what is known of `columns`.
    pub fn encode(mut self, columns: &[(&str, Vec<u64>)]) -> Vec<u8> {
        let mut data = Vec::new();
        self.columns.clear();
        for (name, values) in columns {
            let offset = data.len() as u64;
            let kind = put(&mut data, values);
            pad(&mut data, 0);
            let (name, kind) = ((*name).to_owned(), kind.to_owned());
            self.columns.push(TimelineColumn {
                name,
                kind,
                offset,
                num_values: values.len() as u64,
            });
        }
        // Texts and numbers always serialize.
        let mut head = serde_json::to_vec(&self).unwrap_or_default();
        while !(head.len() + MAGIC.len() + 8).is_multiple_of(ALIGNMENT) {
            head.push(b' ');
        }
        let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
        let mut body = Vec::with_capacity(head.len() + data.len() + 16);
        body.extend_from_slice(MAGIC);
        body.extend_from_slice(&VERSION.to_le_bytes());
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&head);
        body.extend_from_slice(&data);
        body
    }
}

fn pad(data: &mut Vec<u8>, with: u8) {
    data.resize(data.len().next_multiple_of(ALIGNMENT), with);
}

fn put(data: &mut Vec<u8>, values: &[u64]) -> &'static str {
    let largest = values.iter().copied().max().unwrap_or(0);
    if u8::try_from(largest).is_ok() {
        data.extend(values.iter().map(|value| u8::try_from(*value).unwrap_or(u8::MAX)));
        "uint8"
    } else if u16::try_from(largest).is_ok() {
        let narrow = |value: &u64| u16::try_from(*value).unwrap_or(u16::MAX).to_le_bytes();
        data.extend(values.iter().flat_map(narrow));
        "uint16"
    } else if u32::try_from(largest).is_ok() {
        let narrow = |value: &u64| u32::try_from(*value).unwrap_or(u32::MAX).to_le_bytes();
        data.extend(values.iter().flat_map(narrow));
        "uint32"
    } else {
        #[allow(clippy::cast_precision_loss, reason = "JavaScript has no wider number either")]
        data.extend(values.iter().flat_map(|value| (*value as f64).to_le_bytes()));
        "float64"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_narrow_aligned_and_where_the_head_says() {
        let cells = TimelineCells {
            job_id: "r".to_owned(),
            revision: "1".to_owned(),
            bucket_ms: 4,
            start_ms: 8,
            num_buckets: 3,
            extent: None,
            first_lane: 0,
            num_lanes: 1,
            lanes: vec![None],
            stages: vec![(3, 1)],
            columns: vec![],
        };
        let wide = u64::from(u32::MAX) + 1;
        let columns = [
            ("small", vec![1, 255, 0]),
            ("middle", vec![256, 1, 2]),
            ("large", vec![65_536, 7, 0]),
            ("huge", vec![wide, 1, 0]),
        ];
        let body = cells.encode(&columns);
        assert_eq!(&body[..8], b"TBTL\x01\0\0\0");
        let length = usize::try_from(u32::from_le_bytes(body[8..12].try_into().unwrap())).unwrap();
        let data = 12 + length;
        assert_eq!(data % 8, 0);
        let head: TimelineCells = serde_json::from_slice(&body[12..data]).unwrap();
        let kinds: Vec<&str> = head.columns.iter().map(|column| column.kind.as_str()).collect();
        assert_eq!(kinds, ["uint8", "uint16", "uint32", "float64"]);
        let at = |column: usize| data + usize::try_from(head.columns[column].offset).unwrap();
        assert!((0..4).all(|column| at(column) % 8 == 0));
        assert_eq!(&body[at(0)..at(0) + 3], [1, 255, 0]);
        assert_eq!(&body[at(1)..at(1) + 6], [0, 1, 1, 0, 2, 0]);
        assert_eq!(&body[at(2)..at(2) + 8], [0, 0, 1, 0, 7, 0, 0, 0]);
        let huge = f64::from_le_bytes(body[at(3)..at(3) + 8].try_into().unwrap());
        assert_eq!(huge, 4_294_967_296.0);
        assert_eq!(body.len(), at(3) + 24);
    }
}
