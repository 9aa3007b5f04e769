//! The task pack of an attempt: its tasks in a form for random access.
//!
//! Parquet is for scans: a page of a hundred scattered tasks would decode thousands of its pages. A pack has the same
//! tasks in blocks of 256 rows per stage attempt, every column at a fixed number of bits, and for stages with many
//! tasks every metric in sorted order and the orders by id and run time. Blocks are written while tasks come, the
//! indexes when all are there.
//!
//! ```text
//! magic · blocks and chunks of texts as they came · arrays of the indexes · footer (directory) · trailer
//! ```

mod array;
mod bits;
mod block;
mod bytes;
mod columns;
mod directory;
mod heads;
mod heap;
mod index;
mod key;
mod keys;
mod order;
mod page;
mod quantiles;
mod query;
mod radix;
mod reader;
mod rows;
mod scan;
mod select;
mod sort;
mod source;
mod symbols;
mod timeline;
mod writer;

pub use columns::PackMetric;
pub use directory::PACK_VERSION;
pub use query::{Direction, PackPage, PackQuery, PackSort, retained_tasks};
pub use reader::{Pack, PackStage};
pub use timeline::{Timeline, TimelineExtent};
pub use writer::{PackOptions, PackWriter};
