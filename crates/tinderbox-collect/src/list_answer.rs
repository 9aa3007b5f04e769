//! Answers to LIST, made fit for `object_store`.
//!
//! It fails the whole list for one key that is no path of its own, and takes the slash off the keys of objects that
//! stand for directories, so that they look like empty files. Both get names of ours here, which begin with a dot and
//! are therefore no logs.

use memchr::{memchr, memchr_iter};
use std::borrow::Cow;

/// What an object that stands for the directory `a/` is listed as: `a/` and this.
const DIRECTORY: &str = ".directory";

/// What a key that is no path is listed as: the parts that are well, this, and the first part that is not.
const ODD: &str = ".odd-key:";

/// Elements of keys: of objects and of prefixes, by S3 (which Google's store speaks, too) and by Azure.
const ELEMENTS: [Element; 4] = [
    Element { tag: "Contents", name: "Key", is_object: true },
    Element { tag: "CommonPrefixes", name: "Prefix", is_object: false },
    Element { tag: "Blob", name: "Name", is_object: true },
    Element { tag: "BlobPrefix", name: "Name", is_object: false },
];

struct Element {
    tag: &'static str,
    name: &'static str,
    is_object: bool,
}

/// Whether a request with this query asks for a list.
pub(crate) fn is_list(query: &str) -> bool {
    query.split('&').any(|pair| matches!(pair, "list-type=2" | "comp=list"))
}

/// The answer with other names for what `object_store` cannot name.
pub(crate) fn fit(answer: &str) -> Cow<'_, str> {
    let mut fitted = String::new();
    let mut copied = 0;
    let mut inside: Option<&Element> = None;
    for at in memchr_iter(b'<', answer.as_bytes()) {
        let tag = &answer[at + 1..];
        if let Some(element) = ELEMENTS.iter().find(|element| opens(tag, element.tag)) {
            inside = Some(element);
        } else if let Some(element) = inside.filter(|element| opens(tag, element.name)) {
            inside = None;
            let from = at + element.name.len() + 2;
            let Some(length) = memchr(b'<', &answer.as_bytes()[from..]) else { break };
            let key = unescaped(&answer[from..from + length]);
            if let Some(key) = fit_key(&key, element.is_object) {
                fitted.push_str(&answer[copied..from]);
                fitted.push_str(&escaped(&key));
                copied = from + length;
            }
        }
    }
    if copied == 0 {
        return Cow::Borrowed(answer);
    }
    fitted.push_str(&answer[copied..]);
    Cow::Owned(fitted)
}

/// The part of a key that is no part of a path, when `name` stands for one, as it is to be shown.
pub(crate) fn odd_part(name: &str) -> Option<&str> {
    name.strip_prefix(ODD)
}

fn opens(tag: &str, name: &str) -> bool {
    tag.strip_prefix(name).is_some_and(|rest| rest.starts_with('>'))
}

/// Another name for a key, if it needs one.
fn fit_key(key: &str, is_object: bool) -> Option<String> {
    let path = key.strip_suffix('/').unwrap_or(key);
    let mut at = 0;
    for part in path.split('/') {
        let is_odd =
            matches!(part, "" | "." | "..") || part.contains(|c: char| c.is_ascii_control());
        if is_odd {
            let shown: String =
                part.chars()
                    .map(|c| {
                        if c.is_ascii_control() { c.escape_default().to_string() } else { c.into() }
                    })
                    .collect();
            return Some(format!("{}{ODD}{shown}", &path[..at]));
        }
        at += part.len() + 1;
    }
    (is_object && key.ends_with('/')).then(|| format!("{key}{DIRECTORY}"))
}

fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let known = after.split_once(';').and_then(|(name, after)| Some((entity(name)?, after)));
        match known {
            Some((c, after)) => {
                plain.push(c);
                rest = after;
            }
            None => {
                plain.push('&');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str]) -> String {
        let contents = keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>"));
        format!("<R><Prefix>a/</Prefix>{}</R>", contents.collect::<String>())
    }

    #[test]
    fn keys_that_are_no_paths_get_names_that_are() {
        for (key, name) in [
            ("a//b", "a/.odd-key:"),
            ("a//", "a/.odd-key:"),
            ("/a", ".odd-key:"),
            ("a/./b", "a/.odd-key:."),
            ("a/../b/c", "a/.odd-key:.."),
            ("a/b&#x1;&amp;c", "a/.odd-key:b\\u{1}&amp;c"),
            ("a/b/", "a/b/.directory"),
            ("a&amp;b/", "a&amp;b/.directory"),
        ] {
            let answer = keys(&["a/first", key, "a/last"]);
            assert_eq!(fit(&answer), keys(&["a/first", name, "a/last"]), "{key}");
        }
    }

    #[test]
    fn answers_without_such_keys_stay_as_they_are() {
        let s3 = "<R><Prefix>a/</Prefix><Contents><Key>a/b&amp;c</Key><Size>1</Size></Contents>\
                  <CommonPrefixes><Prefix>a/d/</Prefix></CommonPrefixes></R>";
        let azure = "<R><Blobs><BlobPrefix><Name>a/</Name></BlobPrefix><Blob><Name>b</Name></Blob></Blobs></R>";
        for answer in [s3, azure, "", "<", "<Contents><Key>", "no XML"] {
            assert!(matches!(fit(answer), Cow::Borrowed(same) if same == answer), "{answer}");
        }
    }

    #[test]
    fn prefixes_and_the_names_of_azure_are_known() {
        let answer = "<R><CommonPrefixes><Prefix>a//</Prefix></CommonPrefixes></R>";
        assert!(fit(answer).contains("<Prefix>a/.odd-key:</Prefix>"), "{}", fit(answer));
        let answer =
            "<R><Blob><Name>a/</Name></Blob><BlobPrefix><Name>a/../</Name></BlobPrefix></R>";
        let fitted = fit(answer);
        assert!(fitted.contains("<Name>a/.directory</Name>"), "{fitted}");
        assert!(fitted.contains("<Name>a/.odd-key:..</Name>"), "{fitted}");
    }

    #[test]
    fn requests_for_lists_are_told_from_others() {
        assert!(is_list("list-type=2&prefix=a") && is_list("restype=container&comp=list"));
        assert!(!is_list("prefix=list-type=2") && !is_list(""));
    }
}
