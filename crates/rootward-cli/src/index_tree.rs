//! The tree that an index is searched by, over documents without gaps between them.

use std::path::Path;

use anyhow::bail;
use rootward::dataset::Document;
use rootward::doc_tree::{DocTree, DocVectors, NodeIdx, Outline};
use rootward::ids::DocIdx;
use rootward::matrix::Matrix;
use rootward_index::Index;
use rootward_index::store::Reader;

use crate::commands::index::synonyms;

/// A tree, and what it is over.
pub(crate) struct IndexTree {
    pub(crate) tree: DocTree,
    /// `(documents, dim)`
    pub(crate) vectors: Matrix,
    pub(crate) docs: Vec<Document>,
}

/// Reads the tree of an index. Documents are numbered anew, without gaps; nodes keep their places.
///
/// # Errors
/// When the index cannot be read, has no documents, or is changed meanwhile.
pub(crate) fn index_tree(path: &Path) -> anyhow::Result<IndexTree> {
    let index = Index::open(path)?;
    let (generation, rows, outline, vectors) = index.with_snapshot(|snapshot| {
        let (rows, homes): (Vec<DocIdx>, Vec<NodeIdx>) = snapshot.docs().unzip();
        let outline = Outline { homes: homes.iter().map(|home| home.0).collect(), ..snapshot.outline() };
        let values = rows.iter().filter_map(|row| snapshot.vector(*row));
        let values = values.flatten().copied().collect();
        let vectors = Matrix::new(rows.len(), snapshot.dim(), values).expect("each document has a vector");
        (snapshot.generation(), rows, outline, vectors)
    })?;
    if rows.is_empty() {
        bail!("{} has no documents, so there is no tree to be shown", path.display());
    }
    let mut reader = Reader::open(path)?;
    let reading = reader.snapshot()?;
    if reading.generation() != generation {
        bail!("{} is being changed: ask again", path.display());
    }
    let docs = reading.documents(&rows)?.into_iter().flatten().map(|doc| Document {
        synonyms: synonyms(&doc),
        id: doc.id,
        title: doc.title,
        text: doc.text,
    });
    let docs = docs.collect();
    Ok(IndexTree { tree: DocTree::from_outline(&outline, &vectors)?, vectors, docs })
}
