//! Builder of HTTP interfaces.

use super::build::Parameters;
use super::{HttpRead, Operation, Paging};
use crate::diagnostic::Report;

pub(crate) fn read_http(node: &Parameters<'_>, report: &mut Report<'_>) -> Option<Operation> {
    let url = node.spanned("url")?;
    let has_scheme = ["http://", "https://", "${"].iter().any(|begin| url.starts_with(begin));
    if !has_scheme {
        let message = format!("`{}` is no URL of HTTP", url.text);
        report.error("spec::http-url", url.span, &node.path_of("url"), message).hint =
            Some("it begins with `https://` or `http://`".to_owned());
        return None;
    }
    let path = |name: &str| -> Vec<String> {
        let text = node.text(name).unwrap_or_default();
        text.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect()
    };
    let kind = node.word("paging").unwrap_or("none");
    let used: &[&str] = match kind {
        "page" => &["page_param", "first_page"],
        "offset" => &["offset_param"],
        "cursor" => &["cursor_param", "cursor_path"],
        "link" => &["next_path"],
        _ => &[],
    };
    for parameter in
        ["page_param", "first_page", "offset_param", "cursor_param", "cursor_path", "next_path"]
    {
        if let Some(text) = node.spanned(parameter).filter(|_| !used.contains(&parameter)) {
            let message = format!("`{parameter}` does not go with `paging: {kind}`");
            report.error("spec::parameters", text.span, &node.path_of(parameter), message);
            return None;
        }
    }
    let paging = match kind {
        "page" => Paging::Page {
            param: node.text("page_param").unwrap_or_else(|| "page".to_owned()),
            first: node.number("first_page").unwrap_or(1),
        },
        "offset" => Paging::Offset {
            param: node.text("offset_param").unwrap_or_else(|| "offset".to_owned()),
        },
        "cursor" => {
            let cursor = path("cursor_path");
            if cursor.is_empty() {
                let message = "`paging: cursor` needs `cursor_path`: where the answer has it";
                let at = node.path_of("cursor_path");
                report.error("spec::missing-parameter", node.span, &at, message).hint =
                    Some("for example `cursor_path: meta.next_cursor`".to_owned());
                return None;
            }
            Paging::Cursor {
                param: node.text("cursor_param").unwrap_or_else(|| "cursor".to_owned()),
                path: cursor,
            }
        }
        "link" => Paging::Link { path: path("next_path") },
        _ => Paging::Single,
    };
    let size: Option<u32> = node.number("page_size");
    Some(Operation::ReadHttp(HttpRead {
        url: url.text.clone(),
        method: node.word("method").unwrap_or("GET"),
        headers: node.pairs("headers"),
        params: node.pairs("params"),
        body: node.text("body"),
        records: path("records"),
        paging,
        page_size: size
            .map(|size| (node.text("size_param").unwrap_or_else(|| "limit".to_owned()), size)),
        max_pages: node.number("max_pages"),
        retries: node.number("retries").unwrap_or(5),
        timeout_s: node.number("timeout").unwrap_or(30),
        schema: node.text("schema"),
    }))
}
