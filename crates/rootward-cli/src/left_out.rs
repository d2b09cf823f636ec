//! What the lines of a corpus say besides what a data set holds, and a copy of it therefore lacks.

use std::collections::BTreeMap;
use std::path::Path;

use rootward::dataset::{DOCUMENT_LINE, from_json};
use rootward::digits::grouped;
use rootward_import::Source;
use serde_json::{Map, Value};

use crate::output::say;

/// What a document holds.
const HELD: [&str; 4] = ["_id", "title", "text", "synonyms"];

/// Says which other keys documents of a folder have, of which what is written has none.
///
/// # Errors
/// When the corpus cannot be read.
pub(crate) fn say_left_out(folder: &Path) -> anyhow::Result<()> {
    let Some(corpus) = Source::new(folder, &|_| ()).file("corpus.jsonl")? else { return Ok(()) };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    corpus.each_line(|line, _| {
        let document: Map<String, Value> = from_json(line, DOCUMENT_LINE)?;
        let says =
            |value: &Value| !value.is_null() && value.as_object().is_none_or(|inner| !inner.is_empty());
        for (key, _) in document.into_iter().filter(|(key, value)| !HELD.contains(&&**key) && says(value)) {
            *counts.entry(key).or_default() += 1;
        }
        Ok(())
    })?;
    for (key, n) in counts {
        say(format_args!(
            "note: `{key}` of {} documents is left out; `rootward index build` of the folder itself keeps metadata",
            grouped(n)
        ));
    }
    Ok(())
}
