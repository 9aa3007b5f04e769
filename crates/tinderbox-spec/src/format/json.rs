//! JSON, two spaces a level, one entry a line.

use super::{Laid, Refusal, comments, in_order, scalar};
use crate::patch::double_quoted;
use crate::tree::{Content, Scalar, Tree};

pub(super) fn laid_out(text: &str, root: &Tree) -> Laid<String> {
    if let Some(comment) = comments::of(text, root).first() {
        // Where the comment stands in the text is where its slice begins.
        let at = comment.as_ptr() as usize - text.as_ptr() as usize;
        return Err(Refusal {
            at,
            reason: "a comment stands in a document in braces, where it has no place of its own",
        });
    }
    let mut out = String::new();
    write(root, 0, true, &mut out)?;
    out.push('\n');
    Ok(out)
}

fn write(tree: &Tree, level: usize, is_root: bool, out: &mut String) -> Laid<()> {
    let margin = "  ".repeat(level + 1);
    let end = "  ".repeat(level);
    match &tree.content {
        Content::Scalar(scalar) => out.push_str(&value(scalar, tree)?),
        Content::List(items) if items.is_empty() => out.push_str("[]"),
        Content::Map(map) if map.entries.is_empty() => out.push_str("{}"),
        Content::List(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "\n" } else { ",\n" });
                out.push_str(&margin);
                write(item, level + 1, false, out)?;
            }
            out.push_str(&format!("\n{end}]"));
        }
        Content::Map(map) => {
            let order = if is_root { in_order(map) } else { (0..map.entries.len()).collect() };
            out.push('{');
            for (at, entry) in order.into_iter().map(|at| &map.entries[at]).enumerate() {
                out.push_str(if at == 0 { "\n" } else { ",\n" });
                out.push_str(&format!("{margin}{}: ", double_quoted(&entry.key)));
                write(&entry.value, level + 1, false, out)?;
            }
            out.push_str(&format!("\n{end}}}"));
        }
    }
    Ok(())
}

fn value(scalar: &Scalar, tree: &Tree) -> Laid<String> {
    let text = &scalar.text;
    if scalar.is_null() {
        return Ok("null".to_owned());
    }
    if !scalar.is_typed_by_text() || !scalar::looks_typed(text) {
        return Ok(double_quoted(text));
    }
    match scalar.as_bool() {
        Some(value) => Ok(value.to_string()),
        None if serde_json::from_str::<serde_json::Number>(text).is_ok() => Ok(text.clone()),
        None => Err(Refusal {
            at: tree.span.start,
            reason: "a value has no form in JSON that keeps its type",
        }),
    }
}
