//! Text as SGML flows: white space between words is one blank, and what must stay as it is has a number.
//!
//! [`escaped`] and [`Flow`] are inverse to each other: every text comes back as it was.

/// A text that grows word by word, whatever the white space between them.
#[derive(Default)]
pub(super) struct Flow {
    text: String,
    /// Whether white space was met after the last word.
    gap: bool,
}

impl Flow {
    /// Takes words as they are.
    pub(super) fn push_plain(&mut self, words: &str) {
        for c in words.chars() {
            self.push_char(c);
        }
    }

    /// Takes words in which characters may be given by name or number, such as `&amp;` and `&#10;`.
    pub(super) fn push(&mut self, mut words: &str) {
        while let Some(at) = words.find('&') {
            self.push_plain(&words[..at]);
            words = &words[at..];
            if let Some((c, length)) = reference(words) {
                self.push_literal(c);
                words = &words[length..];
            } else {
                self.push_literal('&');
                words = &words[1..];
            }
        }
        self.push_plain(words);
    }

    /// Parts the next word from the last.
    pub(super) fn part(&mut self) {
        self.gap = !self.text.is_empty();
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn push_char(&mut self, c: char) {
        if c.is_ascii_whitespace() { self.part() } else { self.push_literal(c) }
    }

    fn push_literal(&mut self, c: char) {
        if std::mem::take(&mut self.gap) {
            self.text.push(' ');
        }
        self.text.push(c);
    }
}

/// The character that a text begins with as `&name;` or `&#number;`, and the length of that; names of symbols that
/// only one collection has are not known and stay as they are.
fn reference(text: &str) -> Option<(char, usize)> {
    const LONGEST: usize = 10;
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let c = match &text[1..end] {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((c, end + 1))
}

/// A text from which [`Flow::push`] makes the same again.
pub(crate) fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut after_blank = true;
    while let Some(c) = chars.next() {
        let is_blank = c == ' ' && !after_blank && chars.peek().is_some();
        match c {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            c if (c.is_ascii_whitespace() || c.is_control()) && !is_blank => {
                written.push_str(&format!("&#{};", u32::from(c)));
            }
            c => written.push(c),
        }
        after_blank = is_blank;
    }
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flow(text: &str) -> String {
        let mut flow = Flow::default();
        flow.push(text);
        flow.finish()
    }

    #[test]
    fn white_space_is_one_blank_and_references_are_characters() {
        assert_eq!(flow("  a \n\t b&amp;c &lt;&#x3E;&#10; "), "a b&c <>\n");
        assert_eq!(flow("AT&T; &hyph; &; &#xD800; & 5 &"), "AT&T; &hyph; &; &#xD800; & 5 &");
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(text in "[ab &;#<>\n\t\r\u{0}\u{85}\u{a0}ü10x]{0,12}") {
            prop_assert_eq!(flow(&escaped(&text)), text);
        }
    }
}
