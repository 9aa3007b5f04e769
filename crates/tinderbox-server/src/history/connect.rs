//! `…/connect` (4.x).

use super::answer::{Answer, Refusal};
use super::{Resource, Scope};
use tinderbox_app::rest;

pub fn find(path: &[&str]) -> Result<Resource, Refusal> {
    match path {
        ["sessions"] => Ok(Resource::Of(Box::new(|scope| sessions(&scope)))),
        ["operations"] => Ok(Resource::Of(Box::new(|scope| operations(&scope)))),
        ["operations", "detail"] => Ok(Resource::Of(Box::new(|scope| operation(&scope)))),
        ["sessions", id] => {
            let id = (*id).to_owned();
            Ok(Resource::Of(Box::new(move |scope| session(&scope, &id))))
        }
        _ => Err(Refusal::Unknown),
    }
}

fn sessions(scope: &Scope) -> Result<Answer, Refusal> {
    let (offset, length) =
        (scope.parameters.int("offset", 0)?, scope.parameters.int("length", -1)?);
    Answer::json(&rest::sessions(scope.view(), offset, length))
}

fn operations(scope: &Scope) -> Result<Answer, Refusal> {
    let (offset, length) =
        (scope.parameters.int("offset", 0)?, scope.parameters.int("length", -1)?);
    Answer::json(&rest::operations(scope.view(), offset, length))
}

fn session(scope: &Scope, id: &str) -> Result<Answer, Refusal> {
    let Some(user) = scope.parameters.first("userId") else {
        return Err(Refusal::bad_request("userId is required."));
    };
    let Some(user) = decode_base64url(user) else {
        return Err(Refusal::bad_request("userId must be a base64url-encoded string."));
    };
    match rest::session(scope.view(), id, &user) {
        Some(session) => Answer::json(&session),
        None => Err(Refusal::not_found(&format!("unknown session id: {id}"))),
    }
}

fn operation(scope: &Scope) -> Result<Answer, Refusal> {
    let tag = scope.parameters.first("jobTag").unwrap_or_default();
    if tag.is_empty() {
        return Err(Refusal::bad_request("jobTag is required."));
    }
    match rest::operation(scope.view(), tag) {
        Some(operation) => Answer::json(&operation),
        None => Err(Refusal::not_found(&format!("unknown jobTag: {tag}"))),
    }
}

/// RFC 4648, section 5, with or without padding; `None` when it is not that.
fn decode_base64url(text: &str) -> Option<String> {
    let digits = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(digits.len());
    let (mut bits, mut count) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            let [.., byte] = (bits >> count).to_be_bytes();
            bytes.push(byte);
        }
        bits &= (1 << count) - 1;
    }
    (digits.len() % 4 != 1).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::decode_base64url;

    #[test]
    fn users_are_decoded() {
        assert_eq!(decode_base64url("cm9vdA").as_deref(), Some("root"));
        assert_eq!(decode_base64url("cm9vdA==").as_deref(), Some("root"));
        assert_eq!(decode_base64url("w7w").as_deref(), Some("ü"));
        assert_eq!(decode_base64url("a"), None);
        assert_eq!(decode_base64url("a b"), None);
    }
}
