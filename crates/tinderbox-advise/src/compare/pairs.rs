//! Which things of two applications are the same one.

/// Pairs what has equal keys: the first with the first, the second with the second. Several keys are tried one after
/// the other, the strictest first, each on what is left. In the order of `before`, then what only `after` has.
pub(super) fn pairs<'a, T>(
    before: &'a [T],
    after: &'a [T],
    keys: &[&dyn Fn(&T) -> String],
) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let mut partner_of: Vec<Option<usize>> = vec![None; before.len()];
    let mut taken = vec![false; after.len()];
    for key in keys {
        let mut places: std::collections::HashMap<String, std::collections::VecDeque<usize>> =
            std::collections::HashMap::new();
        for (at, item) in after.iter().enumerate().filter(|(at, _)| !taken[*at]) {
            places.entry(key(item)).or_default().push_back(at);
        }
        for (item, partner) in before.iter().zip(&mut partner_of) {
            if partner.is_none()
                && let Some(at) = places.get_mut(&key(item)).and_then(|left| left.pop_front())
            {
                *partner = Some(at);
                taken[at] = true;
            }
        }
    }
    let paired = before
        .iter()
        .zip(&partner_of)
        .map(|(item, partner)| (Some(item), partner.and_then(|at| after.get(at))));
    let left = after.iter().zip(&taken).filter(|(_, taken)| !**taken);
    paired.chain(left.map(|(item, _)| (None, Some(item)))).collect()
}

/// A text without its numbers: `save at job.py:12` stays the same when a line is added above.
pub(super) fn without_numbers(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_pair_in_their_order_and_then_those_that_differ_in_numbers() {
        let before = ["a:1", "b:1", "a:1", "c"].map(String::from);
        let after = ["a:2", "a:1", "d", "b:1"].map(String::from);
        let found = pairs(&before, &after, &[&|t: &String| t.clone(), &|t| without_numbers(t)]);
        let text = |side: Option<&String>| side.map_or("-", String::as_str).to_owned();
        let found: Vec<_> = found.into_iter().map(|(a, b)| text(a) + " " + &text(b)).collect();
        assert_eq!(found, ["a:1 a:1", "b:1 b:1", "a:1 a:2", "c -", "- d"]);
    }
}
