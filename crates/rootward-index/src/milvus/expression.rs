//! Filters in the language of Milvus.
//!
//! A document's metadata and ancestors stand in one field of JSON, every value of metadata as a list, so that a document with one
//! value and one with several are asked alike: `{"metadata": {"year": [1999.0]}, "above": ["n1"]}`. A key that is not there
//! makes every comparison false, and `not` of it true, as filters want it. Numbers are written as broken ones on both
//! sides, since Milvus does not find `2.0` where it is asked for `2`.
//!
//! Whatever stands between quotes is escaped here and nowhere else. What is always or never true is not asked for:
//! Milvus has no word for it.

use std::collections::BTreeMap;

use crate::error::IndexError;
use crate::filter::{Filter, Value};

use super::error::MilvusError;

/// The field of JSON.
pub(super) const FIELD: &str = "document";
/// The field of ids.
pub(super) const ID: &str = "id";

/// How many values the longest list of a key has, of all documents that ever were there; of keys where that is more than one.
pub(super) type Longest = BTreeMap<String, usize>;

/// What a filter comes to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    /// Every document.
    Always,
    /// None.
    Never,
    /// Those for which an expression is true.
    Where(String),
}

impl Condition {
    fn not(self) -> Self {
        match self {
            Condition::Always => Condition::Never,
            Condition::Never => Condition::Always,
            Condition::Where(expression) => Condition::Where(format!("not ({expression})")),
        }
    }
}

/// The condition that a filter is; `longest` is asked where lists are compared value by value.
///
/// # Errors
/// When it names a node of the tree, or a range is none.
pub(super) fn condition(filter: &Filter, longest: &Longest) -> Result<Condition, IndexError> {
    Ok(match filter {
        Filter::Equals { key, value } => among(key, std::slice::from_ref(value)),
        Filter::In { key, values } => among(key, values),
        Filter::Range { key, least, most } => {
            let values = longest.get(&name(key)).copied().unwrap_or(1);
            range(key, values, &intervals(key, least.as_ref(), most.as_ref())?)
        }
        Filter::Below(id) => {
            let id = quoted(id);
            Condition::Where(format!("{ID} == {id} || json_contains({FIELD}[\"above\"], {id})"))
        }
        Filter::Node(node) => return Err(MilvusError::Node { node: node.0 }.into()),
        Filter::All(filters) => joined(filters, longest, &Join { word: "&&", empty: Condition::Always })?,
        Filter::Any(filters) => joined(filters, longest, &Join { word: "||", empty: Condition::Never })?,
        Filter::Not(filter) => match filter.as_ref() {
            Filter::Not(inner) => condition(inner, longest)?,
            filter => condition(filter, longest)?.not(),
        },
    })
}

/// How conditions become one: by which word, and what they are where there are none. The opposite of that decides alone.
struct Join {
    word: &'static str,
    empty: Condition,
}

fn joined(filters: &[Filter], longest: &Longest, join: &Join) -> Result<Condition, IndexError> {
    let mut parts = Vec::new();
    let mut decided = false;
    for filter in filters {
        match condition(filter, longest)? {
            Condition::Where(expression) => parts.push(expression),
            known => decided |= known != join.empty,
        }
    }
    Ok(if decided { join.empty.clone().not() } else { any_of(parts, join) })
}

fn any_of(mut parts: Vec<String>, join: &Join) -> Condition {
    match parts.len() {
        0 => join.empty.clone(),
        1 => Condition::Where(parts.remove(0)),
        _ => Condition::Where(format!("({})", parts.join(&format!(") {} (", join.word)))),
    }
}

const OR: Join = Join { word: "||", empty: Condition::Never };

/// Documents one of whose values is one of these; types are asked apart, for Milvus compares within one.
fn among(key: &str, values: &[Value]) -> Condition {
    let place = place(key);
    let mut of_type: [Vec<String>; 3] = Default::default();
    for value in values {
        match value {
            Value::Bool(value) => of_type[0].push(value.to_string()),
            Value::Number(value) if value.is_finite() => of_type[1].push(number(*value)),
            Value::Number(_) => {}
            Value::Text(value) => of_type[2].push(quoted(value)),
        }
    }
    let parts = of_type.iter().filter(|values| !values.is_empty());
    any_of(parts.map(|values| format!("json_contains_any({place}, [{}])", values.join(", "))).collect(), &OR)
}

/// Documents one of whose first `values` values lies in one of some intervals.
fn range(key: &str, values: usize, intervals: &[Interval]) -> Condition {
    let place = place(key);
    let asked = (0..values).flat_map(|at| {
        let place = format!("{place}[{at}]");
        intervals.iter().map(move |Interval { least, most }| match most {
            Some(most) => format!("{place} >= {least} && {place} <= {most}"),
            None => format!("{place} >= {least}"),
        })
    });
    any_of(asked.collect(), &OR)
}

/// Literals of one type between which a value may lie. No text is the greatest.
struct Interval {
    least: String,
    most: Option<String>,
}

/// The intervals between two bounds: two where there are no bounds, none where no number lies between them.
fn intervals(key: &str, least: Option<&Value>, most: Option<&Value>) -> Result<Vec<Interval>, IndexError> {
    let numbers = |least: f64, most: f64| {
        // Metadata holds no infinities, so the greatest number that can be written stands for them.
        let none = least.is_nan() || most.is_nan() || least == f64::INFINITY || most == f64::NEG_INFINITY;
        (!none)
            .then(|| Interval { least: number(least.max(f64::MIN)), most: Some(number(most.min(f64::MAX))) })
    };
    let texts = |least: &str, most: Option<&String>| {
        Some(Interval { least: quoted(least), most: most.map(|most| quoted(most)) })
    };
    use Value::{Number, Text};
    let found = match (least, most) {
        (None, None) => [numbers(f64::MIN, f64::MAX), texts("", None)],
        (None, Some(Number(most))) => [numbers(f64::MIN, *most), None],
        (Some(Number(least)), None) => [numbers(*least, f64::MAX), None],
        (Some(Number(least)), Some(Number(most))) => [numbers(*least, *most), None],
        (None, Some(Text(most))) => [texts("", Some(most)), None],
        (Some(Text(least)), None) => [texts(least, None), None],
        (Some(Text(least)), Some(Text(most))) => [texts(least, Some(most)), None],
        _ => return Err(IndexError::Range { key: key.to_owned() }),
    };
    Ok(found.into_iter().flatten().collect())
}

/// Where the values of a key are.
fn place(key: &str) -> String {
    format!("{FIELD}[\"metadata\"][\"{}\"]", name(key))
}

/// A key as it is written on the server: letters, digits, `_` and `-` as they are, any other byte as `%` and two digits, since
/// Milvus takes a path of keys apart at signs of its own.
pub(super) fn name(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let written = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    format!("k{}", key.bytes().map(written).collect::<String>())
}

/// A number as Milvus reads it back to the same bits, with a point or an exponent. There is one zero.
pub(super) fn number(value: f64) -> String {
    format!("{:?}", value + 0.0)
}

/// A text in quotes, as Go and C++ read it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// An expression for the documents of some ids.
pub(super) fn ids<'a>(ids: impl Iterator<Item = &'a str>) -> String {
    format!("{ID} in [{}]", ids.map(quoted).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use rootward::doc_tree::NodeIdx;

    use super::*;

    fn check(filter: &str, expected: &str) {
        let longest = [("kyear".to_owned(), 2)].into();
        let filter: Filter = serde_json::from_str(filter).unwrap();
        let got = match condition(&filter, &longest) {
            Ok(Condition::Where(expression)) => expression,
            other => format!("{other:?}"),
        };
        assert_eq!(got.replace("document[\"metadata\"]", "m"), expected);
    }

    #[test]
    fn values_are_looked_for_in_lists_each_type_apart() {
        check(r#"{"equals": {"key": "a", "value": 2}}"#, r#"json_contains_any(m["ka"], [2.0])"#);
        check(
            r#"{"in": {"key": "a", "values": ["x", -0.0, true, 1e300]}}"#,
            r#"(json_contains_any(m["ka"], [true])) || (json_contains_any(m["ka"], [0.0, 1e300])) || (json_contains_any(m["ka"], ["x"]))"#,
        );
        check(r#"{"in": {"key": "a", "values": []}}"#, "Ok(Never)");
    }

    #[test]
    fn a_range_looks_at_as_many_values_as_there_ever_were() {
        check(
            r#"{"range": {"key": "year", "least": 1, "most": null}}"#,
            r#"(m["kyear"][0] >= 1.0 && m["kyear"][0] <= 1.7976931348623157e308) || (m["kyear"][1] >= 1.0 && m["kyear"][1] <= 1.7976931348623157e308)"#,
        );
        check(
            r#"{"range": {"key": "b", "least": "x", "most": "y"}}"#,
            r#"m["kb"][0] >= "x" && m["kb"][0] <= "y""#,
        );
        let no_range = r#"Err(Range { key: "year" })"#;
        check(r#"{"range": {"key": "year", "least": 1, "most": "x"}}"#, no_range);
        check(r#"{"range": {"key": "year", "least": true, "most": null}}"#, no_range);
    }

    #[test]
    fn what_is_known_is_not_asked_for() {
        check(r#"{"all": []}"#, "Ok(Always)");
        check(r#"{"any": []}"#, "Ok(Never)");
        check(r#"{"all": [{"below": "a"}, {"any": []}]}"#, "Ok(Never)");
        check(r#"{"any": [{"not": {"any": []}}, {"below": "a"}]}"#, "Ok(Always)");
        check(r#"{"not": {"not": {"any": []}}}"#, "Ok(Never)");
    }

    #[test]
    fn quotes_stay_inside_quotes() {
        check(
            r#"{"below": "x\" || id != \"\\\n"}"#,
            r#"id == "x\" || id != \"\\\u000a" || json_contains(document["above"], "x\" || id != \"\\\u000a")"#,
        );
        check(
            r#"{"equals": {"key": "a\"]/~", "value": "é"}}"#,
            r#"json_contains_any(m["ka%22%5D%2F%7E"], ["é"])"#,
        );
    }

    #[test]
    fn nodes_of_the_tree_are_refused() {
        let error = condition(&Filter::Not(Filter::Node(NodeIdx(7)).into()), &Longest::new()).unwrap_err();
        assert!(
            error.to_string().starts_with("Milvus knows no tree, so it cannot filter by node 7"),
            "{error}"
        );
    }
}
