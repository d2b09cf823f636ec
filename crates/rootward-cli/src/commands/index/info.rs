//! `rootward index info`: what an index is, in numbers.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use rootward::digits::grouped;
use rootward::doc_tree::DocTree;
use rootward_index::store::{ModelName, Reader};
use rootward_index::{Index, Tuning};
use serde::Serialize;

use super::regrow::in_words;
use crate::output::{print, print_json};

/// Show what an index is: documents, model, sizes, tree, and how search was tuned.
#[derive(Args)]
pub(crate) struct Info {
    /// The index.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Known {
    index: PathBuf,
    documents: usize,
    edges: usize,
    /// Keys of metadata, by which filters can ask.
    metadata: Vec<String>,
    dim: usize,
    model: Option<ModelName>,
    /// How many changes made it what it is.
    generation: u64,
    bytes: Bytes,
    tree: Tree,
    tuning: Option<Tuning>,
    /// Sets of vectors that a switch to another model has begun.
    begun: Vec<Begun>,
}

#[derive(Serialize)]
struct Bytes {
    /// On disk, with what stands beside it.
    file: u64,
    file_per_document: f64,
    /// In memory, of the `f32` vectors.
    vectors: usize,
    /// In memory, of the numbers of 8 bits that are searched first.
    blocks: usize,
}

#[derive(Serialize)]
struct Tree {
    nodes: usize,
    leaves: usize,
    depth: usize,
    drift: Drifted,
}

/// Documents whose best leaf is another than theirs.
#[derive(Serialize)]
struct Drifted {
    documents: usize,
    share: f64,
}

#[derive(Serialize)]
struct Begun {
    model: Option<ModelName>,
    dim: usize,
    documents: u64,
}

/// Nodes of a level that a document is compared with when its best leaf is looked for.
const BEAM: usize = 4;

impl Info {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        show(&self.index, self.json)
    }
}

/// Shows what an index is.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn show(path: &Path, json: bool) -> anyhow::Result<()> {
    let known = Known::of(path)?;
    if json { print_json(&known) } else { print(&known.to_string()) }
}

impl Known {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let index = Index::open(path)?;
        let looked = index.with_snapshot(|snapshot| {
            let tree = DocTree::from_outline(&snapshot.outline(), snapshot)?;
            let drift = tree.drift(snapshot, BEAM);
            let leaves = tree.nodes().filter(|(_, node)| node.children.is_empty()).count();
            let drift = Drifted { documents: drift.moved, share: drift.share() };
            let tree = Tree { nodes: tree.nodes().count(), leaves, depth: tree.depth(), drift };
            anyhow::Ok((snapshot.generation(), snapshot.n_docs(), snapshot.bytes(), tree))
        });
        let (generation, documents, [vectors, blocks], tree) = looked??;
        let settings = index.settings()?;
        let mut reader = Reader::open(path)?;
        let reading = reader.snapshot()?;
        let mut edges = 0;
        reading.each_edge(|_, _| edges += 1)?;
        let metadata = reading.keys()?;
        let begun = reading.sets().into_iter().filter(|(set, _)| *set != reading.current());
        let begun = begun.map(|(_, (settings, documents))| Begun {
            model: settings.model.clone(),
            dim: settings.dim,
            documents,
        });
        let beside =
            |ending: &str| fs::metadata(format!("{}{ending}", path.display())).map_or(0, |is| is.len());
        let file = ["", "-wal", "-ack"].map(beside).iter().sum();
        let file_per_document = file as f64 / documents.max(1) as f64;
        Ok(Known {
            index: path.to_owned(),
            documents,
            edges,
            metadata,
            dim: settings.dim,
            model: settings.model,
            generation,
            bytes: Bytes { file, file_per_document, vectors, blocks },
            tree,
            tuning: index.tuning()?,
            begun: begun.collect(),
        })
    }
}

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, words: String| writeln!(f, "{name:<12} {words}");
        let named = |model: &Option<ModelName>| match model {
            Some(ModelName { name, fingerprint }) => format!("{name} (fingerprint {fingerprint})"),
            None => "none, the vectors were made elsewhere".to_owned(),
        };
        line("documents", grouped(self.documents))?;
        line("edges", grouped(self.edges))?;
        if !self.metadata.is_empty() {
            line("metadata", self.metadata.join(", "))?;
        }
        line("vectors", format!("{} numbers each", self.dim))?;
        line("model", named(&self.model))?;
        for Begun { model, documents, .. } in &self.begun {
            line("begun", format!("{} vectors of {}", grouped(*documents as usize), named(model)))?;
        }
        line("generation", grouped(self.generation as usize))?;
        let Bytes { file, file_per_document, vectors, blocks } = &self.bytes;
        let mb = |bytes: f64| match bytes {
            bytes if bytes < 1e6 => format!("{:.0} kB", bytes / 1e3),
            bytes => format!("{:.1} MB", bytes / 1e6),
        };
        line("on disk", format!("{}, {file_per_document:.0} bytes a document", mb(*file as f64)))?;
        let memory = format!("{} of vectors, {} of blocks", mb(*vectors as f64), mb(*blocks as f64));
        line("in memory", memory)?;
        let Tree { nodes, leaves, depth, drift } = &self.tree;
        let mut tree = format!("{} nodes, {} leaves, depth {depth}; ", grouped(*nodes), grouped(*leaves));
        let (moved, share) = (grouped(drift.documents), 100.0 * drift.share);
        write!(tree, "drift: {moved} documents ({share:.1} %) would go to another leaf now")?;
        line("tree", tree)?;
        let tuned = self.tuning.as_ref().map(|tuning| in_words(tuning).to_string());
        line("tuning", tuned.unwrap_or_else(|| "none, all search is exact".to_owned()))
    }
}
