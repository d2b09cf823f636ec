//! `rootward index add`, `update`, `put` and `remove`: documents that come and go, as lines of JSON.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use rootward::dataset::{DOCUMENT_LINE, Document, Fault, check_id, from_json};
use rootward::digits::grouped;
use rootward::encoder::{Side, Text};
use rootward_index::{Edit, Editor, IndexError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::build::record;
use crate::index_model::IndexModel;
use crate::interrupt;
use crate::line_batches::{Line, LineBatches};
use crate::output::{chain, print_json, say};

/// Add documents; none of them may be there already.
///
/// A line is {"_id", "title", "text", "synonyms", "metadata", "vector"}, of which only the id must be there: what has no
/// vector is encoded by the index's model. Lines are read as they come, up to 1,000 make a transaction, and with --json each
/// is acknowledged by {"generation", "lines"}: so many lines are in. A bad line ends the command, and with it none of its
/// transaction is made; those before stay.
#[derive(Args)]
#[command(after_help = "Examples:\n  rootward index add --index docs.index new.jsonl\n  \
                  tail -f changes.jsonl | rootward index add --index docs.index - --json")]
pub(crate) struct Add {
    #[command(flatten)]
    lines: Lines,
}

/// Put documents in place of those with their ids, which must be there.
///
/// Lines are those of `rootward index add`; all of a document is replaced.
#[derive(Args)]
pub(crate) struct Update {
    #[command(flatten)]
    lines: Lines,
}

/// Put documents in place of those with their ids, where these are there; add the others.
///
/// Lines are those of `rootward index add`; all of a document is replaced.
#[derive(Args)]
pub(crate) struct Put {
    #[command(flatten)]
    lines: Lines,
}

/// Remove documents by their ids.
///
/// Ids are arguments, which are removed all or none, or lines of a file or of standard input, each an id or an object with
/// `_id`. One that is not there is an error.
#[derive(Args)]
#[command(after_help = "Examples:\n  rootward index remove --index docs.index d17 d18\n  \
                  rootward index remove --index docs.index --from gone.txt")]
pub(crate) struct Remove {
    /// The index.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    /// Ids of documents.
    #[arg(value_name = "ID", required_unless_present = "from")]
    ids: Vec<String>,
    /// File of ids, one on each line; `-` for standard input.
    #[arg(long, value_name = "LINES", conflicts_with = "ids")]
    from: Option<PathBuf>,
    /// Print a JSON object on a line for each transaction.
    #[arg(long)]
    json: bool,
}

/// What all verbs take that read documents.
#[derive(Args)]
struct Lines {
    /// The index.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    /// File of documents, one on each line, compressed or not; `-` for standard input.
    #[arg(value_name = "LINES", default_value = "-")]
    lines: PathBuf,
    /// Where the index's model is now, if not where it was when the index was built.
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Print a JSON object on a line for each transaction.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints of a transaction.
#[derive(Serialize)]
struct Acknowledged {
    generation: u64,
    /// Lines that are in, from the first on; the next one is to be sent after an interruption.
    lines: u64,
}

/// What a line says.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Coming {
    #[serde(flatten)]
    doc: Document,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    vector: Option<Vec<f32>>,
}

/// What a line says that may be an id alone.
#[derive(Deserialize)]
struct Going {
    #[serde(rename = "_id")]
    id: String,
}

/// The edits of lines.
type EditsOf<'a> = dyn FnMut(&Editor, &[Line]) -> Result<Vec<Edit>, BadLine> + 'a;

/// Why a line is bad.
struct BadLine {
    number: u64,
    cause: anyhow::Error,
}

impl Add {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        self.lines.change(Edit::Add)
    }
}

impl Update {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        self.lines.change(Edit::Update)
    }
}

impl Put {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        self.lines.change(Edit::Put)
    }
}

impl Remove {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut editor = Editor::open(&self.index)?;
        let Some(from) = &self.from else {
            let edits: Vec<Edit> = self.ids.iter().cloned().map(Edit::Remove).collect();
            let generation = editor.apply(&edits)?;
            let lines = edits.len() as u64;
            return if self.json {
                print_json(&Acknowledged { generation, lines })
            } else {
                said(lines, generation)
            };
        };
        let batches = LineBatches::of(from);
        each_batch(&mut editor, &batches, self.json, &mut |_, lines| {
            lines.iter().map(|line| going(&line.text).map_err(|fault| bad(line, fault))).collect()
        })
    }
}

impl Lines {
    fn change(self, edit: impl Fn(rootward_index::store::Record) -> Edit) -> anyhow::Result<()> {
        let mut editor = Editor::open(&self.index)?;
        let mut model = IndexModel::new(self.model);
        let batches = LineBatches::of(&self.lines);
        each_batch(&mut editor, &batches, self.json, &mut |editor, lines| {
            let coming = lines.iter().map(|line| coming(&line.text).map_err(|fault| bad(line, fault)));
            let mut coming = coming.collect::<Result<Vec<_>, _>>()?;
            let bare = |coming: &&Coming| coming.vector.is_none();
            let texts: Vec<Text<'_>> =
                coming.iter().filter(bare).map(|coming| Text::of(&coming.doc)).collect();
            if let Some(first) = coming.iter().position(|coming| coming.vector.is_none()) {
                let encoded = model.encode(editor.index(), Side::Document, &texts);
                let vectors = encoded.map_err(|cause| BadLine { number: lines[first].number, cause })?;
                let lacking = coming.iter_mut().filter(|coming| coming.vector.is_none());
                lacking.zip(0..).for_each(|(coming, row)| coming.vector = Some(vectors.row(row).to_vec()));
            }
            let records = coming.into_iter().map(|Coming { doc, metadata, vector }| {
                edit(record(&doc, metadata, &vector.expect("what had no vector was encoded")))
            });
            Ok(records.collect())
        })
    }
}

/// Makes a transaction of each batch of lines.
fn each_batch(
    editor: &mut Editor,
    batches: &LineBatches,
    json: bool,
    edits: &mut EditsOf<'_>,
) -> anyhow::Result<()> {
    interrupt::watch()?;
    let (mut done, mut n_lines, mut generation) = (0, 0, 0);
    loop {
        let lines = batches.next().map_err(|error| stopped(done, &chain(&error)))?;
        let Some(last) = lines.last() else { break };
        let made = edits(editor, &lines)
            .and_then(|edits| editor.apply(&edits).map_err(|error| blamed(editor, &edits, &lines, error)));
        generation = made.map_err(|BadLine { number, cause }| {
            let words = chain(&cause);
            let whole =
                if number == 0 { words } else { format!("{}:{number}: {words}", batches.name.display()) };
            stopped(done, &whole)
        })?;
        (done, n_lines) = (last.number, n_lines + lines.len() as u64);
        if json {
            print_json(&Acknowledged { generation, lines: done })?;
        }
    }
    if json { Ok(()) } else { said(n_lines, generation) }
}

fn said(n: u64, generation: u64) -> anyhow::Result<()> {
    match n {
        0 => say("there were no lines, and nothing was changed"),
        1 => say(format_args!("changed one document, generation {generation}")),
        n => say(format_args!("changed {} documents, generation {generation}", grouped(n as usize))),
    }
    Ok(())
}

/// The error of a batch, with what is in.
fn stopped(done: u64, words: &str) -> anyhow::Error {
    match done {
        0 => anyhow!("{words}; nothing was changed"),
        done => anyhow!("{words}; the lines up to {} are in, none behind them is", grouped(done as usize)),
    }
}

fn bad(line: &Line, fault: Fault) -> BadLine {
    BadLine { number: line.number, cause: fault.into() }
}

fn coming(line: &str) -> Result<Coming, Fault> {
    let coming: Coming = from_json(line, DOCUMENT_LINE)?;
    check_id(&coming.doc.id)?;
    Ok(coming)
}

fn going(line: &str) -> Result<Edit, Fault> {
    let id = match line.trim_start().starts_with('{') {
        true => from_json::<Going>(line, r#"an id, or an object {"_id": ".."}"#)?.id,
        false => line.trim_end().to_owned(),
    };
    check_id(&id)?;
    Ok(Edit::Remove(id))
}

/// The line that an error of a transaction is about; line 0 where it is about none.
fn blamed(editor: &Editor, edits: &[Edit], lines: &[Line], error: IndexError) -> BadLine {
    let at = match &error {
        IndexError::Present { id } | IndexError::Absent { id } => {
            let (places, adds) = (places(edits, id), matches!(error, IndexError::Present { .. }));
            let before = editor.index().documents(&[id]).is_ok_and(|found| found[0].is_some());
            // The second of two additions is wrong, unless the first was, and of two removals, too.
            let first_is_wrong = before == adds;
            places.get(usize::from(!first_is_wrong)).or(places.first()).copied()
        }
        IndexError::Metadata { id, .. } => places(edits, id).first().copied(),
        IndexError::Dim { expected, .. } => {
            let is_other = |vector: &[f32]| vector.len() != *expected;
            edits.iter().position(|edit| vector(edit).is_some_and(is_other))
        }
        IndexError::NotFinite { .. } => {
            let is_bad = |vector: &[f32]| !vector.iter().all(|number| number.is_finite());
            edits.iter().position(|edit| vector(edit).is_some_and(is_bad))
        }
        _ => None,
    };
    BadLine { number: at.map_or(0, |at| lines[at].number), cause: error.into() }
}

/// The edits of a document.
fn places(edits: &[Edit], id: &str) -> Vec<usize> {
    let is_it = |edit: &Edit| match edit {
        Edit::Add(record) | Edit::Update(record) | Edit::Put(record) => record.id == id,
        Edit::Remove(other) | Edit::Discard(other) => other == id,
    };
    (0..edits.len()).filter(|at| is_it(&edits[*at])).collect()
}

fn vector(edit: &Edit) -> Option<&[f32]> {
    match edit {
        Edit::Add(record) | Edit::Update(record) | Edit::Put(record) => Some(&record.vector),
        Edit::Remove(_) | Edit::Discard(_) => None,
    }
}
