//! Passwords and keys that are written where everybody who reads the document sees them.

use crate::diagnostic::{Report, Span};
use crate::parameters::{Piece, pieces};

/// Ends of the names of what nobody else may know, in small letters without `.`, `_` and `-`.
const SECRET_ENDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secretkey",
    "secretaccesskey",
    "clientsecret",
    "token",
    "apikey",
    "accountkey",
    "privatekey",
    "connectionstring",
    "jaasconfig",
    "authorization",
    "sastoken",
    "credentials",
];

/// Ends of names that only mark a place in a list of answers.
const PLACE_ENDS: &[&str] = &["pagetoken", "nexttoken", "continuationtoken", "synctoken"];

/// Reports a value under `name` that is, or holds, a secret in clear.
pub(crate) fn check(name: &str, value: &str, span: Span, path: &str, report: &mut Report<'_>) {
    let found = if is_secret(name) {
        !value.is_empty() && !has_reference(value)
    } else {
        has_password_in_url(value)
    };
    if found {
        let message = if is_secret(name) {
            format!("`{name}` stands in clear: everybody who reads the document can use it")
        } else {
            format!("`{name}` has a password in clear")
        };
        let variable = variable_of(name);
        report.error("spec::secret-in-clear", span, path, message).hint = Some(format!(
            "write `${{secret:{variable}}}`, and give the run the variable TINDERBOX_SECRET_{variable}"
        ));
    }
}

/// Whether the value of this key is one that nobody else may know.
fn is_secret(name: &str) -> bool {
    let folded: String = name
        .chars()
        .filter(|c| !matches!(c, '.' | '_' | '-'))
        .flat_map(char::to_lowercase)
        .collect();
    if PLACE_ENDS.iter().any(|end| folded.ends_with(end)) {
        return false;
    }
    // Azure's keys end with the name of the account.
    folded.starts_with("fsazureaccountkey")
        || folded.starts_with("sparkhadoopfsazureaccountkey")
        || SECRET_ENDS.iter().any(|end| folded.ends_with(end))
}

fn has_reference(text: &str) -> bool {
    pieces(text).iter().any(|piece| matches!(piece, Piece::Secret(_)))
}

/// `scheme://user:password@host`, `jdbc:oracle:thin:user/password@host`, or `password=…` among a URL's parameters.
fn has_password_in_url(text: &str) -> bool {
    // What is looked up is not in clear; the mark is no part of a password.
    let text: String = pieces(text)
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => *text,
            _ => "\u{0}",
        })
        .collect();
    let is_clear = |password: &str| !password.is_empty() && !password.contains('\u{0}');
    let in_authority = text.match_indices("://").any(|(at, sign)| {
        let rest = &text[at + sign.len()..];
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority
            .rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'))
            .is_some_and(|(_, password)| is_clear(password))
    });
    let in_oracle = text.strip_prefix("jdbc:oracle:thin:").is_some_and(|rest| {
        rest.split_once('@')
            .and_then(|(user, _)| user.split_once('/'))
            .is_some_and(|(_, password)| is_clear(password))
    });
    let is_url = text.starts_with("jdbc:") || text.contains("://");
    let in_parameters = is_url
        && text.split(['?', '&', ';']).skip(1).any(|parameter| {
            parameter
                .split_once('=')
                .is_some_and(|(key, value)| is_secret(key.trim()) && is_clear(value))
        });
    in_authority || in_oracle || in_parameters
}

/// A text of others without its passwords: of users in addresses, and the values of `password=…` or `password -> …`.
pub fn hidden(text: &str) -> String {
    // As Spark's `Utils.REDACTION_REPLACEMENT_TEXT`.
    const REPLACEMENT: &str = "*********(redacted)";
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix("://") {
            plain.push_str("://");
            let end = behind.find(|c: char| "/?# ,]".contains(c)).unwrap_or(behind.len());
            let user = behind[..end].rsplit_once('@').and_then(|(user, _)| user.split_once(':'));
            rest = behind;
            if let Some((user, password)) = user.filter(|(_, password)| !password.is_empty()) {
                plain.push_str(user);
                plain.push(':');
                plain.push_str(REPLACEMENT);
                rest = &behind[user.len() + 1 + password.len()..];
            }
            continue;
        }
        let sign = ["=", " -> "].into_iter().find(|sign| rest.starts_with(sign));
        if let Some(sign) = sign {
            let name = plain.rsplit(|c| !is_name(c)).next().unwrap_or_default();
            // `sig` is the signature of Azure's shared access.
            let is_hidden = is_secret(name) || name == "sig";
            plain.push_str(sign);
            rest = &rest[sign.len()..];
            let end = rest.find(|c: char| "&;,)] ".contains(c)).unwrap_or(rest.len());
            if is_hidden && end > 0 && !rest.starts_with(REPLACEMENT) {
                plain.push_str(REPLACEMENT);
                rest = &rest[end..];
            }
            continue;
        }
        let mut chars = rest.chars();
        plain.extend(chars.next());
        rest = chars.as_str();
    }
    plain
}

fn variable_of(name: &str) -> String {
    let letters: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    if letters.starts_with(|c: char| c.is_ascii_alphabetic()) {
        letters
    } else {
        "PASSWORD".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_and_names_that_only_look_like_them() {
        for name in
            ["password", "sfPassword", "fs.s3a.secret.key", "X-API-Key", "kafka.sasl.jaas.config"]
        {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "user",
            "fs.s3a.aws.credentials.provider",
            "key",
            "spark.sql.shuffle.partitions",
            "credentials_file",
            "page_token",
            "nextPageToken",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn passwords_in_urls() {
        for text in [
            "mongodb://etl:abc@db/sales",
            "jdbc:postgresql://db/sales?user=etl&password=abc",
            "jdbc:sqlserver://db;databaseName=x;password=abc",
            "jdbc:oracle:thin:etl/abc@db:1521/X",
            "https://api/x?api_key=abc",
        ] {
            assert!(has_password_in_url(text), "{text}");
        }
        for text in [
            "mongodb://etl:${secret:P}@db/sales",
            "jdbc:postgresql://db/sales?password=${secret:P}",
            "abfss://data@account.dfs.core.windows.net/a:b@c",
            "s3a://bucket/a=b",
            "password=abc is no URL",
        ] {
            assert!(!has_password_in_url(text), "{text}");
        }
    }

    #[test]
    fn passwords_are_not_repeated() {
        for (text, expected) in [
            ("s3a://KEY:abc@bucket/a:b@c", "s3a://KEY:*********(redacted)@bucket/a:b@c"),
            ("[file:/a, mongodb://u:abc@h]", "[file:/a, mongodb://u:*********(redacted)@h]"),
            (
                "wasbs://c@account/x?sv=1&sig=abc&se=2",
                "wasbs://c@account/x?sv=1&sig=*********(redacted)&se=2",
            ),
            ("Map(ä, password -> abc, a -> b)", "Map(ä, password -> *********(redacted), a -> b)"),
            ("Map(token -> *********(redacted))", "Map(token -> *********(redacted))"),
            (
                "jdbc:x://h/d?user=a&password=abc",
                "jdbc:x://h/d?user=a&password=*********(redacted)",
            ),
        ] {
            assert_eq!(hidden(text), expected);
        }
        for text in [
            "(password = 3)",
            "a=b",
            "ü=",
            "=",
            "://",
            "x://a:@",
            "dt=2026-01-01/token=",
            "abfss://a@b/c",
        ] {
            assert_eq!(hidden(text), text);
        }
    }
}
