//! The way out: a data set as other programs read it.
//!
//! Every form can be imported again, and what it cannot hold is counted in notes. A form with queries gives them also
//! where each document is its own query, because other programs do not know such data sets.

mod table;

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rootward::dataset::{Compress, DataError, Dataset, Judgement, Judgements, Split, write_folder};
use rootward::files::write_aside;

use crate::draft::{Note, note};
use crate::trec::escaped;

/// Says that queries were made.
const OWN_QUERIES: &str = "documents written as queries too, because each is its own query";

/// Writes a folder of BEIR: `corpus.jsonl`, `queries.jsonl`, `qrels/*.tsv`, and `hierarchy.tsv` where there are edges.
///
/// # Errors
/// When the folder is there and not empty, or cannot be written; then no part of it remains.
pub fn to_beir(data: &Dataset, folder: &Path) -> Result<Vec<Note>, DataError> {
    let mut notes = Vec::new();
    if !data.is_closed() {
        data.write(folder, Compress::None)?;
        return Ok(notes);
    }
    note_own_queries(data, &mut notes);
    let of = |split| data.judgements(split).map(<[Judgement]>::to_vec);
    let judgements = Judgements { train: of(Split::Train), dev: of(Split::Dev), test: of(Split::Test) };
    let (docs, queries) = (data.docs.clone(), data.queries.clone());
    let asked = Dataset::judged(data.name.clone(), docs, data.hierarchy.clone(), queries, judgements);
    let asked = if data.guesses().is_empty() { asked } else { asked.with_guesses(data.guesses().clone()) };
    asked.write(folder, Compress::None)?;
    Ok(notes)
}

/// Writes the files of a TREC collection: `corpus.sgml`, `topics.tsv`, and `qrels.SPLIT.txt` for each split, with tabs,
/// because ids may have blanks.
///
/// # Errors
/// When the folder is there and not empty, or cannot be written; then no part of it remains.
pub fn to_trec(data: &Dataset, folder: &Path) -> Result<Vec<Note>, DataError> {
    let mut notes = Vec::new();
    note_own_queries(data, &mut notes);
    for edge in data.hierarchy.edges() {
        note(&mut notes, "edges left out: TREC has no hierarchy", &data.docs[edge.child.at()].id);
    }
    for doc in data.docs.iter().filter(|doc| !doc.synonyms.is_empty()) {
        note(&mut notes, "documents whose synonyms are left out: TREC has none", &doc.id);
    }
    for query in &data.queries {
        if query.group.is_some() {
            note(&mut notes, "queries whose group is left out: TREC has none", &query.id);
        }
        if query.text.contains(char::is_control) {
            note(&mut notes, "queries in which a tab or a line end became a blank", &query.id);
        }
    }
    let ids = data.docs.iter().map(|doc| &doc.id).chain(data.queries.iter().map(|query| &query.id));
    for id in ids.filter(|id| id.contains(char::is_whitespace)) {
        note(&mut notes, "ids that hold blanks, at which trec_eval divides a line", id);
    }
    write_folder(folder, |aside| {
        write_aside(&aside.join("corpus.sgml"), |out| write_docs(data, out))?;
        write_aside(&aside.join("topics.tsv"), |out| {
            let mut queries = data.queries.iter();
            queries.try_for_each(|query| writeln!(out, "{}\t{}", query.id, on_one_line(&query.text)))
        })?;
        for split in Split::ALL {
            if let Some(judged) = data.judgements(split) {
                let name = format!("qrels.{split}.txt");
                write_aside(&aside.join(name), |out| write_judgements(data, judged, out))?;
            }
        }
        Ok::<(), DataError>(())
    })?;
    Ok(notes)
}

/// Writes a table with the columns `child` and `parent`, and one of nodes with `id`, `title`, `text` and `synonyms` if
/// it is asked for: parquet where the name ends in `.parquet`, CSV for `.csv`, else with tabs. Synonyms have bars
/// between them.
///
/// # Errors
/// When there are no edges, or a file cannot be written.
pub fn to_edges(data: &Dataset, edges: &Path, nodes: Option<&Path>) -> Result<Vec<Note>, DataError> {
    let mut notes = Vec::new();
    let hierarchy = &data.hierarchy;
    if hierarchy.n_edges() == 0 {
        let remedy = "`--to beir` and `--to trec` write data sets without a hierarchy";
        return Err(DataError::Lacks { path: PathBuf::from(&data.name), what: "edge".to_owned(), remedy });
    }
    if !data.is_closed() {
        for query in &data.queries {
            note(&mut notes, "queries left out, with their judgements: a list of edges has none", &query.id);
        }
    }
    let id = |doc: rootward::ids::DocIdx| Cow::from(&*data.docs[doc.at()].id);
    let rows = hierarchy.edges().map(|edge| [id(edge.child), id(edge.parent)]);
    table::write(edges, ["child", "parent"], rows)?;
    if let Some(nodes) = nodes {
        for doc in data.docs.iter().filter(|doc| table::changes(nodes, [&doc.title, &doc.text])) {
            note(&mut notes, "texts in which a tab or a line end became a blank", &doc.id);
        }
        let rows = data.docs.iter().map(|doc| {
            [&*doc.id, &doc.title, &doc.text]
                .map(Cow::from)
                .into_iter()
                .chain([doc.synonyms.join("|").into()])
        });
        let rows = rows.map(|mut cells| std::array::from_fn(|_| cells.next().unwrap_or_default()));
        table::write(nodes, ["id", "title", "text", "synonyms"], rows)?;
        return Ok(notes);
    }
    let mut has_edge = vec![false; data.docs.len()];
    for edge in hierarchy.edges() {
        has_edge[edge.child.at()] = true;
        has_edge[edge.parent.at()] = true;
    }
    for (doc, _) in data.docs.iter().zip(has_edge).filter(|(_, has_edge)| !has_edge) {
        note(&mut notes, "documents without an edge left out: a table of nodes would hold them", &doc.id);
    }
    Ok(notes)
}

fn note_own_queries(data: &Dataset, notes: &mut Vec<Note>) {
    if data.is_closed() {
        data.docs.iter().for_each(|doc| note(notes, OWN_QUERIES, &doc.id));
    }
}

fn write_docs(data: &Dataset, out: &mut dyn Write) -> io::Result<()> {
    for doc in &data.docs {
        let [id, title, text] = [&doc.id, &doc.title, &doc.text].map(|words| escaped(words));
        writeln!(out, "<DOC>\n<DOCNO>{id}</DOCNO>")?;
        if !title.is_empty() {
            writeln!(out, "<TITLE>{title}</TITLE>")?;
        }
        writeln!(out, "<TEXT>\n{text}\n</TEXT>\n</DOC>")?;
    }
    Ok(())
}

fn write_judgements(data: &Dataset, judged: &[Judgement], out: &mut dyn Write) -> io::Result<()> {
    for judgement in judged {
        let (query, doc) = (&data.queries[judgement.query.at()], &data.docs[judgement.doc.at()]);
        writeln!(out, "{}\t0\t{}\t{}", query.id, doc.id, judgement.grade)?;
    }
    Ok(())
}

/// A text that can stand in a cell between tabs.
fn on_one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests;
