//! Names of columns in SQL texts, found by their shape: what is no keyword, no function and no type is a column.

/// Words of expressions that are no columns.
/// Source: Spark's SQL reference, "ANSI Compliance", keywords; those that can stand inside of an expression.
const KEYWORDS: &[&str] = &[
    "all",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "between",
    "both",
    "by",
    "case",
    "cast",
    "collate",
    "cross",
    "current",
    "current_date",
    "current_timestamp",
    "current_time",
    "current_user",
    "desc",
    "distinct",
    "div",
    "else",
    "end",
    "escape",
    "except",
    "exists",
    "false",
    "filter",
    "first",
    "following",
    "for",
    "from",
    "group",
    "having",
    "if",
    "ilike",
    "in",
    "interval",
    "is",
    "last",
    "leading",
    "like",
    "limit",
    "map",
    "not",
    "null",
    "nulls",
    "on",
    "or",
    "order",
    "over",
    "partition",
    "preceding",
    "range",
    "regexp",
    "respect",
    "ignore",
    "rlike",
    "row",
    "rows",
    "select",
    "some",
    "struct",
    "then",
    "to",
    "trailing",
    "true",
    "unbounded",
    "when",
    "where",
    "within",
    "session_user",
];

/// What a name refers to: its parts, `orders.amount` has two.
pub(crate) type Path = Vec<String>;

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Name { text: String, is_quoted: bool },
    Sign(char),
    Arrow,
    Literal,
}

/// The columns that an expression names, each once, in their order.
pub(crate) fn columns(expression: &str) -> Vec<Path> {
    let tokens = tokens(expression);
    let bound = lambda_parameters(&tokens);
    let mut found: Vec<Path> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some((path, next)) = path(&tokens, at) else {
            at += 1;
            continue;
        };
        let before = at.checked_sub(1).map(|before| &tokens[before]);
        let is_column = !is_word(&tokens[at], KEYWORDS)
            && !matches!(tokens.get(next), Some(Token::Sign('(')))
            // `DATE '2026-01-01'`.
            && !matches!(tokens.get(next), Some(Token::Literal))
            // A type of a cast, or a name.
            && !before.is_some_and(|before| is_word(before, &["as"]))
            && !is_unit(&tokens, at)
            && !bound.contains(&path[0].to_lowercase());
        if is_column && !found.contains(&path) {
            found.push(path);
        }
        at = next;
    }
    found
}

/// `expression AS name`, when it ends so.
pub(crate) fn alias(expression: &str) -> Option<String> {
    let tokens = tokens(expression);
    let [.., before, Token::Name { text, .. }] = tokens.as_slice() else { return None };
    is_word(before, &["as"]).then(|| text.clone())
}

/// The names of the columns of a schema in DDL form: `id BIGINT, place STRUCT<x: INT, y: INT>`.
pub(crate) fn of_schema(schema: &str) -> Vec<String> {
    let mut depth = 0_i32;
    let mut names = Vec::new();
    let mut expects_name = true;
    for token in tokens(schema) {
        match token {
            Token::Sign('<' | '(') => depth += 1,
            Token::Sign('>' | ')') => depth -= 1,
            Token::Sign(',') if depth == 0 => expects_name = true,
            Token::Name { text, .. } if expects_name => {
                names.push(text);
                expects_name = false;
            }
            _ => {}
        }
    }
    names
}

/// The columns of a schema in DDL form: each name, and the text behind it.
pub(crate) fn parts_of_schema(schema: &str) -> Vec<(String, String)> {
    let mut parts = vec![String::new()];
    let mut depth = 0_i32;
    let mut quote = None;
    for c in schema.chars() {
        match c {
            c if quote == Some(c) => quote = None,
            '\'' | '"' | '`' if quote.is_none() => quote = Some(c),
            '<' | '(' if quote.is_none() => depth += 1,
            '>' | ')' if quote.is_none() => depth -= 1,
            ',' if quote.is_none() && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let named = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    named
        .map(|part| match part.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            Some((name, rest)) => (name.to_owned(), rest.to_owned()),
            None => {
                let end = part.find(|c: char| c.is_whitespace() || c == ':').unwrap_or(part.len());
                (part[..end].to_owned(), part[end..].to_owned())
            }
        })
        .collect()
}

/// The tables that a query reads, each once, in their order: what stands behind `FROM` and `JOIN` and is no query itself.
pub(crate) fn tables(query: &str) -> Vec<Path> {
    let tokens = tokens(query);
    let is_own = |name: &str| {
        tokens.windows(3).any(|three| match three {
            [Token::Name { text, .. }, word, Token::Sign('(')] => {
                text.eq_ignore_ascii_case(name) && is_word(word, &["as"])
            }
            _ => false,
        })
    };
    let mut found: Vec<Path> = Vec::new();
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| is_word(token, &["from", "join"]))
    {
        if at + 1 < tokens.len()
            && let Some((path, next)) = path(&tokens, at + 1)
            // A function that gives a table.
            && tokens.get(next) != Some(&Token::Sign('('))
            && !is_word(&tokens[at + 1], &["select", "values", "lateral"])
            && !is_own(&path[0])
            && !found.contains(&path)
        {
            found.push(path);
        }
    }
    found
}

fn path(tokens: &[Token], at: usize) -> Option<(Path, usize)> {
    let Token::Name { text, .. } = &tokens[at] else { return None };
    let mut path = vec![text.clone()];
    let mut next = at + 1;
    while let [Token::Sign('.'), Token::Name { text, .. }, ..] = &tokens[next..] {
        path.push(text.clone());
        next += 2;
    }
    Some((path, next))
}

fn is_word(token: &Token, words: &[&str]) -> bool {
    match token {
        Token::Name { text, is_quoted: false } => {
            words.iter().any(|word| word.eq_ignore_ascii_case(text))
        }
        _ => false,
    }
}

/// `DAY` in `INTERVAL 1 DAY`.
fn is_unit(tokens: &[Token], at: usize) -> bool {
    at >= 2 && tokens[at - 1] == Token::Literal && is_word(&tokens[at - 2], &["interval"])
}

/// `x` in `x -> x + 1`, `x` and `y` in `(x, y) -> x + y`; small letters.
fn lambda_parameters(tokens: &[Token]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| **token == Token::Arrow) {
        for token in tokens[..at].iter().rev() {
            match token {
                Token::Name { text, .. } => found.push(text.to_lowercase()),
                Token::Sign(',' | ')') => continue,
                _ => break,
            }
            if !matches!(tokens[at - 1], Token::Sign(')')) {
                break;
            }
        }
    }
    found
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            quote @ ('\'' | '"') => {
                while let Some(c) = rest.next() {
                    if c == '\\' {
                        rest.next();
                    } else if c == quote {
                        break;
                    }
                }
                tokens.push(Token::Literal);
            }
            '`' => {
                let mut name = String::new();
                while let Some(c) = rest.next() {
                    if c != '`' {
                        name.push(c);
                    } else if rest.next_if_eq(&'`').is_some() {
                        name.push('`');
                    } else {
                        break;
                    }
                }
                tokens.push(Token::Name { text: name, is_quoted: true });
            }
            '-' if rest.next_if_eq(&'-').is_some() => {
                while rest.next_if(|c| *c != '\n').is_some() {}
            }
            '-' if rest.next_if_eq(&'>').is_some() => tokens.push(Token::Arrow),
            c if c.is_ascii_digit() => {
                while rest.next_if(|c| c.is_alphanumeric() || *c == '.').is_some() {}
                tokens.push(Token::Literal);
            }
            c if c.is_alphabetic() || c == '_' => {
                let mut name = String::from(c);
                while let Some(c) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                tokens.push(Token::Name { text: name, is_quoted: false });
            }
            c if c.is_whitespace() => {}
            c => tokens.push(Token::Sign(c)),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(expression: &str) -> Vec<String> {
        columns(expression).into_iter().map(|path| path.join(".")).collect()
    }

    #[test]
    fn columns_and_what_only_looks_like_them() {
        for (expression, expected) in [
            ("amount * (1 + tax)", vec!["amount", "tax"]),
            ("sum(amount) FILTER (WHERE kind = 'paid')", vec!["amount", "kind"]),
            ("CASE WHEN a IS NULL THEN 'b' ELSE c END", vec!["a", "c"]),
            ("CAST(`odd name` AS DECIMAL(10, 2))", vec!["odd name"]),
            ("at > DATE '2026-01-01' - INTERVAL 1 DAY", vec!["at"]),
            ("transform(items, x -> x + extra)", vec!["items", "extra"]),
            ("aggregate(items, 0, (acc, x) -> acc + x)", vec!["items"]),
            ("orders.amount + orders.place.x", vec!["orders.amount", "orders.place.x"]),
            ("row_number() OVER (PARTITION BY kind ORDER BY at DESC)", vec!["kind", "at"]),
            ("concat(a, 'it\\'s b', \"c\") -- d", vec!["a"]),
            ("1.5e3 + a1 + a1", vec!["a1"]),
        ] {
            assert_eq!(names(expression), expected, "{expression}");
        }
    }

    #[test]
    fn tables_of_queries() {
        for (query, expected) in [
            (
                "SELECT * FROM sales.orders o JOIN customers USING (id)",
                vec!["sales.orders", "customers"],
            ),
            ("WITH new AS (SELECT 1 FROM a) SELECT * FROM new JOIN a ON true", vec!["a"]),
            ("SELECT 'from x' FROM (SELECT 1) t -- from y", vec![]),
            ("SELECT * FROM range(10)", vec![]),
            ("SELECT 1", vec![]),
            ("SELECT 1 FROM", vec![]),
        ] {
            let found: Vec<String> = tables(query).into_iter().map(|path| path.join(".")).collect();
            assert_eq!(found, expected, "{query}");
        }
    }

    #[test]
    fn names_of_schemas_and_aliases() {
        assert_eq!(
            of_schema(
                "id BIGINT NOT NULL, `a, b` MAP<STRING, INT>, d DECIMAL(10,2) COMMENT 'x, y'"
            ),
            ["id", "a, b", "d"]
        );
        assert_eq!(alias("a + b AS total").as_deref(), Some("total"));
        assert_eq!(alias("a + b"), None);
    }
}
