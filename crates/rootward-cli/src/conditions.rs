//! Conditions on metadata as they are written on the command line: `year >= 2020`, `kind in (shoe, "3")`.
//!
//! A value is true, false, a number, or a text, in double quotes where it must not be taken for one of the others or has
//! a comma or a bracket in it.

use std::str::FromStr;

use rootward_index::Filter;
use rootward_index::filter::Value;

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition(pub(crate) Filter);

/// Longer ones before those that they begin with.
const OPERATORS: [&str; 5] = ["==", "!=", ">=", "<=", "="];

const EXPECTED: &str =
    "`key = value`, `key != value`, `key >= value`, `key <= value` or `key in (value, value)` was expected";

impl Condition {
    /// The key that it asks for.
    pub(crate) fn key(&self) -> Option<&str> {
        match &self.0 {
            Filter::Equals { key, .. } | Filter::In { key, .. } | Filter::Range { key, .. } => Some(key),
            Filter::Not(inner) => match &**inner {
                Filter::Equals { key, .. } => Some(key),
                _ => None,
            },
            _ => None,
        }
    }
}

impl FromStr for Condition {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((key, rest)) = text.split_once(" in ").filter(|(key, _)| !key.contains(['=', '"'])) {
            let list = rest.trim().strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            let values = pieces(list.ok_or(EXPECTED)?)?;
            let values = values.into_iter().map(value).collect::<Result<_, _>>()?;
            return Ok(Condition(Filter::In { key: name(key)?, values }));
        }
        let found = OPERATORS.into_iter().filter_map(|operator| Some((text.find(operator)?, operator)));
        // Of two at one place the longer.
        let (at, operator) = found.min_by_key(|(at, operator)| (*at, operator.len() == 1)).ok_or(EXPECTED)?;
        let (key, value) = (name(&text[..at])?, value(&text[at + operator.len()..])?);
        let equals = |key, value| Filter::Equals { key, value };
        Ok(Condition(match operator {
            "=" | "==" => equals(key, value),
            "!=" => Filter::Not(Box::new(equals(key, value))),
            ">=" => Filter::Range { key, least: Some(value), most: None },
            _ => Filter::Range { key, least: None, most: Some(value) },
        }))
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    if name.is_empty() { Err(EXPECTED) } else { Ok(name.to_owned()) }
}

/// What stands between the commas that are in no quotes.
fn pieces(list: &str) -> Result<Vec<&str>, &'static str> {
    let (mut pieces, mut begin, mut quoted) = (Vec::new(), 0, false);
    for (at, letter) in list.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                pieces.push(&list[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&list[begin..]);
    if quoted { Err("a text in double quotes has no end") } else { Ok(pieces) }
}

fn value(text: &str) -> Result<Value, &'static str> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('"') {
        let inner = rest.strip_suffix('"').ok_or("a text in double quotes has no end")?;
        return Ok(Value::Text(inner.to_owned()));
    }
    match (text, text.parse::<f64>()) {
        ("", _) => Err(EXPECTED),
        ("true", _) => Ok(Value::Bool(true)),
        ("false", _) => Ok(Value::Bool(false)),
        (_, Ok(number)) if number.is_finite() => Ok(Value::Number(number)),
        _ => Ok(Value::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Filter, &'static str> {
        text.parse().map(|Condition(filter)| filter)
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn values_are_booleans_numbers_or_texts() {
        let equals = |value| Ok(Filter::Equals { key: "a b".to_owned(), value });
        assert_eq!(read("a b = 3"), equals(Value::Number(3.0)));
        assert_eq!(read("a b=true"), equals(Value::Bool(true)));
        assert_eq!(read("a b == true"), equals(Value::Bool(true)));
        assert_eq!(read("a b = \"3\""), equals(text("3")));
        assert_eq!(read("a b =  red shoe "), equals(text("red shoe")));
        assert_eq!(read("a b = x >= y"), equals(text("x >= y")));
    }

    #[test]
    fn ranges_lists_and_what_is_not() {
        let key = || "k".to_owned();
        let number = |number| Some(Value::Number(number));
        assert_eq!(read("k >= 2.5"), Ok(Filter::Range { key: key(), least: number(2.5), most: None }));
        assert_eq!(read("k<=-1"), Ok(Filter::Range { key: key(), least: None, most: number(-1.0) }));
        let values = vec![text("a"), text("b, c"), Value::Number(3.0)];
        assert_eq!(read("k in (a, \"b, c\", 3)"), Ok(Filter::In { key: key(), values }));
        let not = Filter::Not(Box::new(Filter::Equals { key: key(), value: text("made in (x)") }));
        assert_eq!(read("k != made in (x)"), Ok(not));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for bad in ["k", "= 3", "k =", "k in a, b", "k in (a, \"b)", "k = \"a", ""] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
