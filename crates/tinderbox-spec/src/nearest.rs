//! The nearest valid word for a word that is not valid.

/// Of a word that is compared, in bytes.
const LONGEST: usize = 200;

/// The candidate that `word` most likely meant, or `None` when none is near. Case, `_` and `-` do not count
/// (`groupBy` is `group_by`); beyond that a third of the letters may differ, two at least.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    // No word of ours is so long, and comparing takes time by length.
    if word.len() > LONGEST {
        return None;
    }
    let word = folded(word);
    let allowed = (word.chars().count() / 3).max(2);
    candidates
        .into_iter()
        .map(|candidate| {
            let folded = folded(candidate);
            // One word inside the other (`memory` in `memoryMb`) is near whatever the rest is.
            let inside = word.len() >= 4
                && folded.len() >= 4
                && (word.contains(&folded) || folded.contains(&word));
            let distance = strsim::damerau_levenshtein(&word, &folded);
            (
                if inside { distance.min(allowed) } else { distance },
                candidate,
                folded.chars().count(),
            )
        })
        .filter(|(distance, _, length)| *distance <= allowed && *distance < word.len().max(*length))
        .min_by_key(|(distance, _, _)| *distance)
        .map(|(_, candidate, _)| candidate)
}

/// A hint for a word that is not among `valid`: the nearest one, else all of them.
pub(crate) fn suggestion(word: &str, valid: &[&str]) -> String {
    match nearest(word, valid.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("one of: {}", valid.join(", ")),
    }
}

fn folded(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_ignores_case_and_separators() {
        assert_eq!(nearest("groupBy", ["group_by", "aggregations"]), Some("group_by"));
        assert_eq!(nearest("fliter", ["filter", "join"]), Some("filter"));
        assert_eq!(nearest("memoryMb", ["cores", "memory"]), Some("memory"));
        assert_eq!(nearest("zzz", ["filter", "join"]), None);
        assert_eq!(nearest(&"filter".repeat(100), ["filter"]), None, "no word");
        assert_eq!(nearest("on", ["id", "to"]), None, "two letters, both different");
    }
}
