//! The texts of plans: lists in brackets, attributes with their numbers.

/// A text without the numbers of attributes: `amount#3L` is `amount`, and `at#4-T60000ms`, which has a watermark, `at`.
pub(super) fn without_numbers(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('#') {
        plain.push_str(before);
        rest = behind.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() == behind.len() {
            plain.push('#');
            continue;
        }
        rest = rest.strip_prefix('L').unwrap_or(rest);
        let delay = rest.strip_prefix("-T").and_then(|rest| {
            let end = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            end.strip_prefix("ms").filter(|_| end.len() < rest.len())
        });
        rest = delay.unwrap_or(rest);
    }
    plain.push_str(rest);
    plain
}

/// The text of the first pair of brackets from `from` on, and what stands behind it.
pub(super) fn in_brackets(text: &str, open: char) -> Option<(&str, &str)> {
    let start = text.find(open)?;
    let close = match open {
        '[' => ']',
        '(' => ')',
        _ => return None,
    };
    let mut depth = 0_usize;
    for (at, c) in text[start..].char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                let end = start + at;
                return Some((&text[start + 1..end], &text[end + 1..]));
            }
        }
    }
    None
}

/// The items of a list, split at the commas that stand in no brackets.
pub(super) fn items(list: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let (mut depth, mut types) = (0_usize, 0_usize);
    let mut before = ' ';
    for c in list.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            // Of a type, `map<string, int>`: comparisons have blanks around them.
            '<' if before.is_alphanumeric() => types += 1,
            '>' if before != '-' && before != '=' => types = types.saturating_sub(1),
            ',' if depth == 0 && types == 0 => {
                items.push(String::new());
                before = c;
                continue;
            }
            _ => {}
        }
        before = c;
        if let Some(item) = items.last_mut() {
            item.push(c);
        }
    }
    let items = items.iter().map(|item| without_numbers(item.trim()));
    items.filter(|item| !item.is_empty()).collect()
}

/// The items of the first list in square brackets behind `label`; none where there is no such list.
pub(super) fn items_in(text: &str, label: &str) -> Vec<String> {
    let list = behind(text, label).and_then(|rest| in_brackets(rest, '['));
    list.map_or_else(Vec::new, |(list, _)| items(list))
}

/// `expression AS name` as both.
pub(super) fn named(item: &str) -> Option<(String, String)> {
    let (expression, name) = item.rsplit_once(" AS ")?;
    Some((name.to_owned(), expression.to_owned()))
}

/// A condition without the brackets around all of it.
pub(super) fn condition(text: &str) -> String {
    let text = without_numbers(text.trim());
    match in_brackets(&text, '(') {
        Some((inside, "")) if text.starts_with('(') => inside.to_owned(),
        _ => text,
    }
}

/// What stands behind the first `label`.
pub(super) fn behind<'t>(text: &'t str, label: &str) -> Option<&'t str> {
    text.split_once(label).map(|(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_plans_are_taken_apart() {
        assert_eq!(without_numbers("a#12L + b#3 # 4"), "a + b # 4");
        assert_eq!(without_numbers("at#4-T60000ms > a#5-T, b#6L-Tms"), "at > a-T, b-Tms");
        assert_eq!(in_brackets("x [a, [b]] c", '['), Some(("a, [b]", " c")));
        assert_eq!(in_brackets("x [a", '['), None);
        assert_eq!(items("a#1, f(b#2, c#3) AS d#4"), ["a", "f(b, c) AS d"]);
        assert_eq!(items("(a#1 < 5) AS b#2, c#3, d < e, f"), ["(a < 5) AS b", "c", "d < e", "f"]);
        assert_eq!(items("a: map<string,array<int>>, b"), ["a: map<string,array<int>>", "b"]);
        assert_eq!(items("Map(a -> b, c -> d), x)], y"), ["Map(a -> b, c -> d)", "x)]", "y"]);
        assert_eq!(items_in("F(keys=[a#1, b#2], functions=[])", "keys="), ["a", "b"]);
        assert_eq!(items_in("F(keys=[a", "keys="), [""; 0]);
        assert_eq!(condition("(isnotnull(a#1) AND (a#1 > 2))"), "isnotnull(a) AND (a > 2)");
        assert_eq!(condition("(a#1) AND (b#2)"), "(a) AND (b)");
    }
}
