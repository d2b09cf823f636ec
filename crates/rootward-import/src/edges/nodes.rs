//! What the nodes of a list of edges are called: a table, or JSON lines.

use rootward::dataset::{DataError, Document, Fault, excerpt};
use serde_json::{Map, Value};

use super::EdgesOptions;
use crate::draft::Draft;
use crate::source::Source;
use crate::table::{Delimiter, Header, Table, TableOptions, Wanted};

/// What columns and keys of ids are usually called.
const IDS: [&str; 6] = ["id", "_id", "node", "node_id", "key", "child"];

/// Those of titles.
pub(super) const TITLES: [&str; 5] = ["title", "name", "label", "term", "preflabel"];

/// Those of texts.
pub(super) const TEXTS: [&str; 5] = ["text", "description", "definition", "desc", "gloss"];

/// Those of synonyms, which have bars between them where they are one text.
const SYNONYMS: [&str; 2] = ["synonyms", "synonym"];

/// Defines the nodes of a file: JSON lines if it begins with a brace, else a table of id, title, text and synonyms.
pub(super) fn read(source: &Source<'_>, options: &EdgesOptions, draft: &mut Draft) -> Result<(), DataError> {
    let endings = [".jsonl", ".json", ".csv", ".tsv", ".txt", ".tab"];
    if source.text(&endings)?.begins_with(b"{")? {
        return read_json_lines(source, options, draft);
    }
    let known: Vec<&str> = IDS.into_iter().chain(TITLES).chain(TEXTS).collect();
    let asked = [&options.title, &options.text].into_iter().flatten();
    let known: Vec<&str> = known.into_iter().chain(asked.map(String::as_str)).collect();
    let table = TableOptions { delimiter: Delimiter::Detect, header: Header::Detect };
    let table = Table::open(source, table, &known)?;
    let id = table.needed(Wanted { asked: None, names: &IDS, place: Some(0) })?;
    let title = table.column(Wanted { asked: options.title.as_deref(), names: &TITLES, place: None })?;
    let text = table.column(Wanted { asked: options.text.as_deref(), names: &TEXTS, place: None })?;
    // Without names the title is beside the id, and texts must be asked for.
    let title = title.or(table.header().is_none().then_some(1));
    let synonyms = table.column(Wanted { asked: None, names: &SYNONYMS, place: None })?;
    table.each([Some(id), title, text, synonyms], |cells, line| define(draft, cells, line))
}

fn read_json_lines(source: &Source<'_>, options: &EdgesOptions, draft: &mut Draft) -> Result<(), DataError> {
    let text = source.text(&[".jsonl", ".json"])?;
    text.each_line(|line, number| {
        let object: Map<String, Value> = serde_json::from_str(line).map_err(|error| Fault::Json {
            expected: "an object with `id` and, if you like, `title` and `text`",
            problem: error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
            column: error.column(),
            found: excerpt(line),
        })?;
        let of = |asked: &Option<String>, names: &[&str]| {
            let found = match asked {
                Some(asked) => object.get(asked.as_str()),
                None => names.iter().find_map(|name| object.get(*name)),
            };
            match found {
                None | Some(Value::Null) => Ok(String::new()),
                Some(Value::String(text)) => Ok(text.clone()),
                Some(Value::Number(number)) => Ok(number.to_string()),
                Some(Value::Array(several)) if several.iter().all(Value::is_string) => {
                    Ok(several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|"))
                }
                Some(other) => {
                    let found = excerpt(&other.to_string());
                    Err(Fault::Field { expected: "a text or a number", found })
                }
            }
        };
        let (id, title, text) = (of(&None, &IDS)?, of(&options.title, &TITLES)?, of(&options.text, &TEXTS)?);
        let synonyms = of(&None, &SYNONYMS)?;
        define(draft, [&id, &title, &text, &synonyms], number)
    })
}

/// Defines a node by its id, title, text and synonyms.
fn define(draft: &mut Draft, cells: [&str; 4], line: u64) -> Result<(), Fault> {
    let [id, title, text, synonyms] = cells.map(str::trim);
    let title = if title.is_empty() { id } else { title };
    let synonyms = synonyms.split('|').map(str::trim).filter(|word| !word.is_empty());
    let synonyms = synonyms.map(str::to_owned).collect();
    let (id, title, text) = (id.to_owned(), title.to_owned(), text.to_owned());
    draft.doc(Document { id, title, text, synonyms }, line)?;
    Ok(())
}
