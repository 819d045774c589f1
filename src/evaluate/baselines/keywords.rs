use std::sync::LazyLock;

use regex::Regex;

static KEYWORDS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)\b(?:stalk|harass|follow)\w*").ok());

/// How often a narrative has a word that begins with stalk, harass or follow: the search that forces use. As it is used, one is a hit.
pub(crate) fn keyword_score(narrative: &str) -> u64 {
    KEYWORDS.as_ref().map_or(0, |pattern| pattern.find_iter(narrative).count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_begin_so_are_hits() {
        assert_eq!(keyword_score("STALKING report. She was harassed and Followed; beanstalk."), 3);
        assert_eq!(keyword_score("He waits outside every day."), 0);
    }
}
