//! Places of values within an element: `name`, `concept/name`, `@id`, `concept[@preferred=yes]/note`.
//!
//! A place is a small part of XPath: child elements by name, one within the other, each of them with an attribute of a
//! certain value if need be, or at the end an attribute.

use std::str::FromStr;

use rootward::dataset::{Fault, excerpt};

use super::Tag;

/// Where a value stands, from the element that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The way down through child elements; empty for the element itself.
    pub(super) steps: Vec<Step>,
    /// The attribute of the last one; its text where there is none.
    pub(super) attribute: Option<String>,
}

/// A child element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    name: String,
    /// An attribute and its value, where only elements that have it are meant.
    having: Option<(String, String)>,
}

impl FromStr for Place {
    type Err = Fault;

    fn from_str(words: &str) -> Result<Self, Fault> {
        let bad = || {
            let expected =
                "the name of a child element, several with / between, or @ and the name of an attribute";
            Fault::Field { expected, found: excerpt(words) }
        };
        let (way, attribute) = match words.rsplit_once('/') {
            _ if words.starts_with('@') => ("", words.strip_prefix('@')),
            Some((way, last)) if last.starts_with('@') => (way, last.strip_prefix('@')),
            _ => (words, None),
        };
        let is_name = |name: &str| !name.is_empty() && !name.contains(['/', '@', '[', ']', '=', ' ']);
        if attribute.is_some_and(|name| !is_name(name)) || (way.is_empty() && attribute.is_none()) {
            return Err(bad());
        }
        let step = |step: &str| {
            let (name, having) = match step.strip_suffix(']').map(|step| step.split_once("[@")) {
                None => (step, None),
                Some(parted) => {
                    let (name, condition) = parted?;
                    let (attribute, value) = condition.split_once('=')?;
                    (name, is_name(attribute).then(|| Some((attribute.to_owned(), value.to_owned())))?)
                }
            };
            is_name(name).then(|| Step { name: name.to_owned(), having })
        };
        let steps: Option<Vec<Step>> =
            if way.is_empty() { Some(Vec::new()) } else { way.split('/').map(step).collect() };
        Ok(Place { steps: steps.ok_or_else(bad)?, attribute: attribute.map(str::to_owned) })
    }
}

impl Step {
    /// Whether an element is such a child.
    pub(super) fn is(&self, tag: &Tag<'_>) -> Result<bool, Fault> {
        if tag.name != self.name {
            return Ok(false);
        }
        match &self.having {
            None => Ok(true),
            Some((attribute, value)) => Ok(tag.attribute(attribute)?.is_some_and(|found| found == *value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_ways_down_with_conditions_and_an_attribute_at_the_end() {
        let place: Place = "a/b[@c=d e]/@f".parse().unwrap();
        assert_eq!(place.attribute.as_deref(), Some("f"));
        assert_eq!(place.steps[0], Step { name: "a".to_owned(), having: None });
        assert_eq!(place.steps[1].having, Some(("c".to_owned(), "d e".to_owned())));
        assert!("@id".parse::<Place>().unwrap().steps.is_empty());
    }

    #[test]
    fn what_names_no_place_is_refused() {
        for words in ["", "a//b", "@", "a/@", "@a/b", "a[b]", "a[@b]", "a[@=b]", "/a", "a b"] {
            let error = words.parse::<Place>().unwrap_err().to_string();
            assert!(error.ends_with(&format!("was expected, `{words}` was found")), "{error}");
        }
    }
}
