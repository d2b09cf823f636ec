//! Labels in many languages, of which those of the best one are kept.

use oxrdf::Literal;

/// The language of a label; the lower the better.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Language {
    /// The one asked for, or a regional kind of it.
    Asked,
    /// None is given.
    Untold,
    /// Another, by its tag in lower case.
    Other(String),
}

/// A label and what it is worth.
pub(super) struct Label {
    text: String,
    language: Language,
    /// Among labels of one language the lower the better.
    order: u8,
}

/// The labels of the best language and order so far.
#[derive(Default)]
pub(super) struct Best {
    worth: Option<(Language, u8)>,
    labels: Vec<String>,
}

impl Language {
    /// Whether it is one that nobody asked for.
    pub(super) fn is_another(&self) -> bool {
        matches!(self, Language::Other(_))
    }
}

impl Label {
    /// A label where a language is asked for.
    pub(super) fn new(literal: &Literal, asked: &str, order: u8) -> Self {
        let language = match literal.language() {
            None | Some("") => Language::Untold,
            Some(tag) if is_a(tag, asked) => Language::Asked,
            Some(tag) => Language::Other(tag.to_ascii_lowercase()),
        };
        let text = literal.value().trim().to_owned();
        Label { text, language, order }
    }
}

/// Whether a tag is that of a language or of a regional kind of it.
fn is_a(tag: &str, asked: &str) -> bool {
    let (start, rest) = tag.split_at_checked(asked.len()).unwrap_or((tag, "-"));
    start.eq_ignore_ascii_case(asked) && (rest.is_empty() || rest.starts_with('-'))
}

impl Best {
    /// Adds a label if none so far is worth more; what is worth less goes.
    pub(super) fn add(&mut self, label: Label) {
        if label.text.is_empty() {
            return;
        }
        let worth = (label.language, label.order);
        match &self.worth {
            Some(best) if *best < worth => return,
            Some(best) if *best == worth => {}
            _ => {
                self.labels.clear();
                self.worth = Some(worth);
            }
        }
        self.labels.push(label.text);
    }

    /// The language of the labels, if there are any.
    pub(super) fn language(&self) -> Option<&Language> {
        self.worth.as_ref().map(|(language, _)| language)
    }

    /// The labels, in the order in which they came.
    pub(super) fn labels(self) -> impl Iterator<Item = String> {
        self.labels.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The labels that are kept of `text@language:order`.
    fn best(labels: &[(&str, &str, u8)]) -> Vec<String> {
        let mut best = Best::default();
        for (text, tag, order) in labels {
            let literal = match *tag {
                "" => Literal::new_simple_literal(*text),
                tag => Literal::new_language_tagged_literal(*text, tag).unwrap(),
            };
            best.add(Label::new(&literal, "en", *order));
        }
        best.labels().collect()
    }

    #[test]
    fn the_language_asked_for_comes_first_then_none_then_the_first_by_tag() {
        let all = [("fr", "fr", 0), ("de", "de", 0), ("none", "", 0), ("en", "en", 0), ("gb", "en-GB", 0)];
        assert_eq!(best(&all), ["en", "gb"]);
        assert_eq!(best(&all[..3]), ["none"]);
        assert_eq!(best(&all[..2]), ["de"]);
        assert_eq!(best(&[("eng", "eng", 0), ("", "en", 0), ("e", "de", 0)]), ["e"]);
        assert!(best(&[]).is_empty());
    }

    #[test]
    fn the_better_kind_of_label_counts_within_a_language() {
        assert_eq!(best(&[("note", "en", 1), ("definition", "en", 0), ("note", "en", 1)]), ["definition"]);
        assert_eq!(best(&[("note", "en", 1), ("definition", "de", 0)]), ["note"]);
    }
}
