//! What stands at the top of a text: its title, and in Markdown perhaps a block of metadata above it.

/// The most characters of a first line that is taken for a title: lines of running text that was broken are longer.
const SHORT: usize = 60;

/// A text with what it is called.
pub(super) struct Titled {
    /// `None` where nothing at the top looks like one.
    pub(super) title: Option<String>,
    /// The rest, without blank lines around it.
    pub(super) text: String,
    /// Whether there was a block of metadata, which is in neither.
    pub(super) had_metadata: bool,
}

/// Divides the lines of a file, Markdown or not, into title and text.
pub(super) fn titled(lines: &[String], is_markdown: bool) -> Titled {
    let metadata = if is_markdown { metadata(lines) } else { 0 };
    let lines = &lines[metadata..];
    let first = lines.iter().position(|line| !line.trim().is_empty()).unwrap_or(lines.len());
    let lines = &lines[first..];
    let (title, rest) = match lines {
        [] => (None, lines),
        [line, rest @ ..] => {
            let heading = if is_markdown { heading(line) } else { None };
            let line = line.trim();
            match (heading, rest) {
                (Some(title), _) => (Some(title), rest),
                // A heading that is underlined.
                (None, [next, after @ ..]) if is_rule(next) && has_word(line) => {
                    (Some(line.to_owned()), after)
                }
                _ if has_word(line) && line.chars().count() <= SHORT => (Some(line.to_owned()), rest),
                _ => (None, lines),
            }
        }
    };
    Titled { title, text: rest.join("\n").trim().to_owned(), had_metadata: metadata > 0 }
}

/// How many lines at the top are metadata, between two lines of `---`.
fn metadata(lines: &[String]) -> usize {
    let is_fence = |line: &String| line.trim_end() == "---";
    if !lines.first().is_some_and(is_fence) {
        return 0;
    }
    lines.iter().skip(1).position(is_fence).map_or(0, |end| end + 2)
}

/// What a line such as `## Words ##` calls itself.
fn heading(line: &str) -> Option<String> {
    let line = line.trim();
    let words = line.trim_start_matches('#');
    let level = line.len() - words.len();
    if !(1..=6).contains(&level) || !words.starts_with([' ', '\t']) || !has_word(words) {
        return None;
    }
    Some(words.trim().trim_end_matches('#').trim_end().to_owned())
}

/// Whether a line underlines the one above it.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 3 && (line.bytes().all(|byte| byte == b'=') || line.bytes().all(|byte| byte == b'-'))
}

fn has_word(line: &str) -> bool {
    line.chars().any(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, is_markdown: bool, title: Option<&str>, rest: &str) {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let found = titled(&lines, is_markdown);
        assert_eq!((found.title.as_deref(), &*found.text), (title, rest), "{text}");
    }

    #[test]
    fn headings_of_markdown_are_titles() {
        check("\n# Sandals #\n\nOpen *shoes*.\n", true, Some("Sandals"), "Open *shoes*.");
        check("# Sandals\nOpen.", false, Some("# Sandals"), "Open.");
        check("#tag and words", true, Some("#tag and words"), "");
        check("Sandals\n=======\n\nOpen.\n", true, Some("Sandals"), "Open.");
    }

    #[test]
    fn a_short_first_line_is_a_title_and_a_long_one_is_text() {
        check("Sandals\nOpen shoes.\n", false, Some("Sandals"), "Open shoes.");
        let long = "Sandals are open shoes that are held to the foot by straps, and";
        check(&format!("{long}\nare worn in summer."), false, None, &format!("{long}\nare worn in summer."));
        check("* * *\nSandals", false, None, "* * *\nSandals");
    }

    #[test]
    fn metadata_of_markdown_is_neither_title_nor_text() {
        let text = "---\nauthor: x\n---\n# Boots\nTall.";
        check(text, true, Some("Boots"), "Tall.");
        check("---\nno end", true, None, "---\nno end");
        check("---\na: b\n---\n", true, None, "");
    }
}
