//! Values of OBO lines: quoted or not, with escapes, qualifiers in braces and comments.

use rootward::dataset::{Fault, excerpt};

/// The first word of a value without quotation marks, and what follows it; empty where there is none.
///
/// Qualifiers and comments are no words: `GO:1 {source="x"} ! name` has one.
pub(super) fn next_word(value: &str) -> (String, &str) {
    let value = value.trim_start();
    let is_end = |c: char| c.is_whitespace() || matches!(c, '{' | '!');
    let end = plain_chars(value).find(|(_, c)| is_end(*c)).map_or(value.len(), |(at, _)| at);
    (unescaped(&value[..end]), &value[end..])
}

/// A value that is text without quotation marks, such as a name: without comment and qualifiers.
pub(super) fn free_text(value: &str) -> String {
    let mut text = value.trim();
    // Within a name an exclamation mark may stand unescaped; a comment's stands between blanks.
    let comment = plain_chars(text).find(|(at, c)| {
        *c == '!'
            && text[..*at].ends_with(' ')
            && text[at + 1..].chars().next().is_none_or(char::is_whitespace)
    });
    if let Some((at, _)) = comment {
        text = text[..at].trim_end();
    }
    if text.ends_with('}') && !text.ends_with("\\}") {
        let brace = plain_chars(text).filter(|(at, c)| *c == '{' && text[..*at].ends_with(' ')).last();
        if let Some((at, _)) = brace.filter(|(at, _)| text[*at..].contains("=\"")) {
            text = text[..at].trim_end();
        }
    }
    unescaped(text)
}

/// The text between the quotation marks that a value begins with.
///
/// # Errors
/// When there are none, or only one.
pub(super) fn quoted(value: &str) -> Result<String, Fault> {
    let fault = || Fault::Field { expected: "a text in quotation marks", found: excerpt(value) };
    let text = value.trim_start().strip_prefix('"').ok_or_else(fault)?;
    let (end, _) = plain_chars(text).find(|(_, c)| *c == '"').ok_or_else(fault)?;
    Ok(unescaped(&text[..end]))
}

/// Whether a line ends with a backslash that escapes its end, so that the next line belongs to it.
pub(super) fn goes_on(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// The characters of a text that no backslash escapes, with their places.
fn plain_chars(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut is_escaped = false;
    text.char_indices().filter(move |(_, c)| {
        let is_plain = !is_escaped && *c != '\\';
        is_escaped = !is_escaped && *c == '\\';
        is_plain
    })
}

/// The text with its escapes resolved.
fn unescaped(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let (mut out, mut chars) = (String::with_capacity(text.len()), text.chars());
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            (_, Some('n')) => out.push('\n'),
            (_, Some('t')) => out.push('\t'),
            (_, Some('W')) => out.push(' '),
            (_, Some(escaped)) => out.push(escaped),
            (plain, None) => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_blanks_qualifiers_and_comments() {
        for value in ["GO:1", " GO:1 ", "GO:1 ! a name", "GO:1 {a=\"b\"} ! c", "GO:1{a=\"b\"}"] {
            assert_eq!(next_word(value).0, "GO:1");
        }
        let (relation, rest) = next_word("part_of a\\ b\\!c ! d");
        assert_eq!((&*relation, &*next_word(rest).0), ("part_of", "a b!c"));
        assert_eq!(next_word(" ! only a comment").0, "");
    }

    #[test]
    fn names_lose_comments_and_qualifiers_but_keep_their_own_marks() {
        let cases = [
            ("a name ! comment", "a name"),
            ("yahoo! mail", "yahoo! mail"),
            ("a {comment=\"x\"} ! y", "a"),
            ("N-{2-[x]} acid", "N-{2-[x]} acid"),
            ("N \\{x=\"1\"\\}", "N {x=\"1\"}"),
            ("back\\\\slash\\nand\\tmore\\W", "back\\slash\nand\tmore "),
            ("ends with \\", "ends with \\"),
        ];
        for (value, name) in cases {
            assert_eq!(free_text(value), name);
        }
    }

    #[test]
    fn a_quoted_text_ends_at_the_first_mark_that_is_not_escaped() {
        assert_eq!(quoted(r#""say \"hi\", \\" EXACT []"#).unwrap(), r#"say "hi", \"#);
        for bad in ["no marks", "\"open \\\"", ""] {
            assert!(
                quoted(bad).unwrap_err().to_string().starts_with("a text in quotation marks was expected")
            );
        }
    }

    #[test]
    fn a_line_goes_on_after_an_odd_number_of_backslashes() {
        assert_eq!(["a\\", "a\\\\", "a\\\\\\", "a"].map(goes_on), [true, false, true, false]);
    }
}
