//! The taxonomy of the NCBI: every organism that a sequence was ever stored for, under its group.
//!
//! The dump is files of fields with `\t|\t` between them and `\t|` at the end of a line: nodes.dmp says what lies above
//! what and of which rank it is, names.dmp how it is called.

use rootward::dataset::{DataError, Document, Fault, excerpt};

use crate::draft::{Draft, Imported, Undefined};
use crate::source::Source;

/// Kinds of names that become synonyms.
const SYNONYMS: [&str; 8] = [
    "synonym",
    "equivalent name",
    "common name",
    "genbank common name",
    "blast name",
    "acronym",
    "genbank acronym",
    "genbank synonym",
];

/// Reads nodes.dmp and names.dmp, from a folder or from taxdmp.zip.
///
/// A document is a taxon, in the order of nodes.dmp: its id is the number, its title the scientific name, or the
/// number where it has none, its text the rank. Common names and synonyms are synonyms; names that cite authors are
/// left out.
///
/// # Errors
/// When a file is missing, and at the first line that does not follow the format.
pub fn ncbi(source: &Source<'_>) -> Result<Imported, DataError> {
    const REMEDY: &str =
        "name the folder into which the NCBI's taxdump.tar.gz was unpacked, or its taxdmp.zip";
    let nodes = source.needed_file("nodes.dmp", REMEDY)?;
    let names = source.needed_file("names.dmp", REMEDY)?;
    let mut draft = Draft::new(nodes.name());
    nodes.each_line(|line, number| {
        let [id, parent, rank] = fields(line)?;
        is_number(id)?;
        is_number(parent)?;
        let (id, text) = (id.to_owned(), rank.to_owned());
        // The format gives the root as its own parent.
        if id != parent {
            draft.edge(&id, parent, number)?;
        }
        draft.doc(Document { id, text, ..Document::default() }, number)?;
        Ok(())
    })?;
    names.each_line(|line, _| {
        let [id, name, _unique, kind] = fields(line)?;
        is_number(id)?;
        if kind != "scientific name" && !SYNONYMS.contains(&kind) {
            return Ok(());
        }
        let Some(doc) = draft.doc_mut(id) else {
            draft.note("names of taxa that are not in nodes.dmp left out", name);
            return Ok(());
        };
        if kind != "scientific name" {
            if !doc.synonyms.iter().any(|known| known == name) {
                doc.synonyms.push(name.to_owned());
            }
        } else if doc.title.is_empty() {
            name.clone_into(&mut doc.title);
        } else {
            return Err(Fault::Field { expected: "one scientific name of a taxon", found: excerpt(name) });
        }
        Ok(())
    })?;
    draft.title_by_id("taxa without a scientific name, their title is their number");
    draft.finish(Undefined::Refuse)
}

/// The first fields of a line; there may be more.
fn fields<const N: usize>(line: &str) -> Result<[&str; N], Fault> {
    let line = line.strip_suffix("\t|").unwrap_or(line);
    let mut found = [""; N];
    let mut fields = line.split("\t|\t");
    for (at, field) in found.iter_mut().enumerate() {
        let too_few = || Fault::TooFewColumns { expected: N, got: at, found: excerpt(line) };
        *field = fields.next().ok_or_else(too_few)?.trim();
    }
    Ok(found)
}

fn is_number(id: &str) -> Result<(), Fault> {
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(Fault::Field { expected: "the number of a taxon", found: excerpt(id) })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rootward::ids::DocIdx;

    use super::*;

    const NODES: &str = "1\t|\t1\t|\tno rank\t|\t\t|\t8\t|\n2\t|\t131567\t|\tdomain\t|\t\t|\n\
                         131567\t|\t1\t|\tcellular root\t|\n";
    const NAMES: &str = "1\t|\troot\t|\t\t|\tscientific name\t|\n\
                         2\t|\tBacteria\t|\tBacteria <bacteria>\t|\tscientific name\t|\n\
                         2\t|\teubacteria\t|\t\t|\tgenbank common name\t|\n\
                         2\t|\tBacteria Haeckel 1894\t|\t\t|\tauthority\t|\n";

    fn import(nodes: &str, names: &str) -> Result<Imported, String> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("nodes.dmp"), nodes).unwrap();
        fs::write(dir.path().join("names.dmp"), names).unwrap();
        let shown = |error: DataError| error.to_string().replace(&format!("{}/", dir.path().display()), "");
        ncbi(&Source::new(dir.path(), &|_| {})).map_err(shown)
    }

    #[test]
    fn taxa_are_documents_with_their_names_and_ranks() {
        let imported = import(NODES, NAMES).unwrap();
        let bacteria = &imported.parts.docs[1];
        assert_eq!((&*bacteria.id, &*bacteria.title, &*bacteria.text), ("2", "Bacteria", "domain"));
        assert_eq!(
            (&bacteria.synonyms[..], &*imported.parts.docs[2].title),
            (&["eubacteria".to_owned()][..], "131567")
        );
        assert_eq!(
            (imported.parts.graph.parents(DocIdx(1)), imported.parts.graph.n_edges()),
            (&[DocIdx(2)][..], 2)
        );
        assert_eq!((imported.notes.len(), &*imported.notes[0].examples[0]), (1, "131567"));
    }

    #[test]
    fn what_is_wrong_is_told_by_line() {
        let with = |line: &str| import(&format!("{NODES}{line}\n"), NAMES).unwrap_err();
        assert_eq!(
            with("x\t|\t1\t|\tspecies\t|"),
            "nodes.dmp:4: the number of a taxon was expected, `x` was found"
        );
        assert!(
            with("4\t|\t9\t|\tspecies\t|")
                .starts_with("nodes.dmp:4: the id of a document was expected, `9` is none")
        );
        assert!(
            with("1\t|\t1\t|\tspecies\t|")
                .starts_with("nodes.dmp:4: a new id was expected, `1` is that of line 1 too")
        );
        assert_eq!(with("4\t1"), "nodes.dmp:4: at least 3 columns were expected, the line has 1: `4\\t1`");
        let twice = import(NODES, &format!("{NAMES}2\t|\tMonera\t|\t\t|\tscientific name\t|\n")).unwrap_err();
        assert_eq!(twice, "names.dmp:5: one scientific name of a taxon was expected, `Monera` was found");
    }
}
