//! What sources and sinks do beside reading and writing: messages and lines that become columns, columns that become
//! messages, buckets, and pages of HTTP interfaces.

/// What becomes of the rows that a format gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decode {
    /// Messages of Kafka.
    Messages(Messages),
    /// Lines of logs.
    Lines(Lines),
    /// Files as bytes get a column `media_type`, from the ending of their name.
    MediaType {
        /// Whether the bytes themselves are left out.
        without_content: bool,
    },
}

/// Messages of Kafka as columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Messages {
    /// What the values are.
    pub value: MessageValue,
    /// Whether key, topic, partition, offset and time stay, as columns that begin with `_`.
    pub with_metadata: bool,
}

/// What the values of messages are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageValue {
    /// JSON objects, with their columns and types in SQL's DDL form.
    Json {
        /// Columns and types.
        schema: String,
    },
    /// Avro records without a head.
    Avro {
        /// Avro's schema, in JSON.
        schema: String,
    },
    /// Texts in UTF-8.
    Text,
}

/// Lines that fit a pattern become columns, one for each named group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// A regular expression of Java.
    pub pattern: String,
    /// The named groups: number of the group from 1, and name.
    pub groups: Vec<(usize, String)>,
    /// Whether lines that do not fit stay, in the column `_unparsed`; else they are left out.
    pub keeps_unparsed: bool,
}

/// How rows become messages of Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encode {
    /// A column or SQL expression.
    pub key: Option<String>,
    /// The value.
    pub value: EncodedValue,
}

/// What a message holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncodedValue {
    /// The whole row as a JSON object.
    Json,
    /// The whole row as an Avro record without a head.
    Avro,
    /// A column or SQL expression that is a text or bytes.
    Column(String),
}

/// Buckets of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    /// How many.
    pub count: u32,
    /// Columns whose hash decides, at least one.
    pub by: Vec<String>,
    /// Columns that order the rows of a bucket.
    pub sort_by: Vec<String>,
}

/// A paged HTTP interface with JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRead {
    /// Of the first page.
    pub url: String,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Headers, in the order of the document.
    pub headers: Vec<(String, String)>,
    /// Parameters of the query, in the order of the document.
    pub params: Vec<(String, String)>,
    /// What is sent, as written.
    pub body: Option<String>,
    /// Keys on the way to the list of records; empty: the answer is the list, or one record.
    pub records: Vec<String>,
    /// How the next page is found.
    pub paging: Paging,
    /// Name of the parameter for the size of a page, and the size.
    pub page_size: Option<(String, u32)>,
    /// Stop after so many pages.
    pub max_pages: Option<u32>,
    /// How often a page is asked for again.
    pub retries: u32,
    /// Seconds to wait for the server.
    pub timeout_s: u32,
    /// Columns and types in SQL's DDL form; `None`: as Spark infers them.
    pub schema: Option<String>,
}

/// How the next page is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paging {
    /// There is one page.
    Single,
    /// Pages are counted, until one has no records.
    Page {
        /// Parameter with the number.
        param: String,
        /// The first number.
        first: u32,
    },
    /// Records are counted, until a page has none.
    Offset {
        /// Parameter with the number of records before the page.
        param: String,
    },
    /// Each answer names the next page, until one does not.
    Cursor {
        /// Parameter that gives it back.
        param: String,
        /// Keys on the way to it in the answer.
        path: Vec<String>,
    },
    /// Each answer has the URL of the next page, until one has not.
    Link {
        /// Keys on the way to it in the answer; empty: the header `Link` with `rel="next"` (RFC 8288).
        path: Vec<String>,
    },
}
