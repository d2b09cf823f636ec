//! `rootward tree`: the document tree of a corpus, in numbers, words and a picture.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use rootward::dataset::Dataset;
use rootward::doc_tree::describe::Length;
use rootward::doc_tree::{DocTree, TreeShape};
use rootward::files::write_aside;
use rootward::matrix::Matrix;
use rootward::model::{self, Model};
use rootward::table::Score;

use crate::answers::doc_vectors;
use crate::bodies::{open_body, zero_shot};
use crate::index_tree::{IndexTree, index_tree};
use crate::output::{print, print_json, say};
use crate::saved_tree::{Known, saved_tree};
use crate::tree_view::{NodePath, Origin, Seen, View, Wanted, page, picture};

/// Show the document tree of a corpus: what its nodes are about, and how good a tree it is.
///
/// With a MODEL that was trained with a tree over these documents it is that tree, held against the documents' vectors
/// of today; otherwise one is grown on the spot by balanced k-means over their vectors, the model's or those of an
/// untrained encoder. Numbers come first: sizes of leaves; by how much the largest child of a node exceeds its equal
/// share; drift, the documents whose best leaf is another than theirs; and how near documents are to the centroid of
/// their leaf. In place of a data set an index may be given, and its tree is shown. Then a line for each node: its path, its documents, the words that set it off from its siblings, and
/// after `|` the documents nearest its centroid.
///
/// A path counts children from 1 at each level: 3.1.4 is the fourth child of the first child of the third.
#[derive(Args)]
#[command(after_help = "Examples:\n  rootward tree notes-data\n  \
                  rootward tree notes-data --model notes-model --out tree.svg\n  \
                  rootward tree notes-data --model notes-model --node 3.1 --depth 1 --docs 10\n  \
                  rootward tree notes-data --branching 4 --leaf-size 8 --json")]
pub(crate) struct Tree {
    /// Folder of the data set, or an index.
    #[arg(value_name = "DATA|INDEX")]
    data: PathBuf,
    /// Folder of a model that was trained here: its tree, or one grown from its vectors.
    #[arg(long, value_name = "MODEL", conflicts_with = "encoder")]
    model: Option<PathBuf>,
    /// Untrained encoder from whose vectors a tree is grown: `builtin`, as where it is left out, or the folder of a static
    /// model or of a Transformer.
    #[arg(long, value_name = "builtin|FOLDER")]
    encoder: Option<PathBuf>,
    /// Grow a tree even where the model has one; so does each of the next three.
    #[arg(long)]
    grow: bool,
    /// Children of a node that is grown, at most; 16 where it is left out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    branching: Option<u32>,
    /// Documents of a leaf that is grown, at most; where it is left out 16, or fewer of a corpus of fewer than 256: the
    /// square root of their number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    leaf_size: Option<u32>,
    /// Seed of a tree that is grown; 7 where it is left out.
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Show this node and what lies below it, by its path.
    #[arg(long, value_name = "PATH")]
    node: Option<NodePath>,
    /// Levels to show; where it is left out 2 as text, and all in JSON and in the picture.
    #[arg(long, value_name = "N")]
    depth: Option<u32>,
    /// Words of a node.
    #[arg(long, value_name = "N", default_value_t = 5)]
    terms: usize,
    /// Documents of a node.
    #[arg(long, value_name = "N", default_value_t = 3)]
    docs: usize,
    /// Draw the tree: a file that ends in .svg.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// A tree, the documents' vectors, and where they come from.
struct Opened {
    tree: DocTree,
    vectors: Matrix,
    origin: Origin,
}

/// Levels of a text that nobody asked for more of.
const LEVELS: usize = 2;

impl Tree {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if let Some(path) = self.out.as_ref().filter(|path| path.extension() != Some("svg".as_ref())) {
            bail!("--out is {}: a name that ends in .svg was expected", path.display());
        }
        let (Opened { tree, vectors, origin }, name, docs) = if self.data.is_file() {
            let IndexTree { tree, vectors, docs } = self.of_index()?;
            let index = self.data.display().to_string();
            (Opened { tree, vectors, origin: Origin::Index { index: index.clone() } }, index, docs)
        } else {
            let data = Dataset::open_documents(&self.data)?;
            (self.open(&data)?, data.name, data.docs)
        };
        let depth = self.depth.map(|depth| depth as usize);
        let (node, length) =
            (self.node.clone().unwrap_or_default(), Length { docs: self.docs, terms: self.terms });
        let of_page = depth.unwrap_or(LEVELS);
        let levels = match (depth, self.json || self.out.is_some()) {
            (None, true) => usize::MAX,
            _ => of_page,
        };
        let seen = Seen { tree: &tree, vectors: &vectors, name: &name, docs: &docs };
        let view = View::of(seen, origin, &Wanted { node, levels, length })?;
        if let Some(path) = &self.out {
            write_aside(path, |file| file.write_all(picture(&view).as_bytes()))?;
        }
        if self.json {
            print_json(&view)?;
        } else {
            print(&page(&view, of_page))?;
            if view.goes_on_below(of_page) {
                say(format_args!("deeper: --depth {}, or --node PATH", of_page + 1));
            }
        }
        if let Some(path) = &self.out {
            say(format_args!("wrote {}", path.display()));
        }
        Ok(())
    }

    /// The tree of the index that is given in place of a data set.
    fn of_index(&self) -> anyhow::Result<IndexTree> {
        if self.model.is_some() || self.encoder.is_some() || self.asks_to_grow() {
            bail!(
                "{} is an index, which has a tree of its own: give none of --model, --encoder, --grow, --branching, \
                   --leaf-size and --seed",
                self.data.display()
            );
        }
        index_tree(&self.data)
    }

    /// The tree that is asked for.
    fn open(&self, data: &Dataset) -> anyhow::Result<Opened> {
        let Some(folder) = &self.model else {
            let encoder = self.encoder.as_deref().unwrap_or(Path::new("builtin"));
            let name = encoder.display();
            if model::is_own(encoder) {
                bail!("{name} is a model that was trained here: give it by --model");
            }
            if encoder != Path::new("builtin") && !encoder.is_dir() {
                bail!(
                    "{name} is no folder: expected `builtin`, or the folder of a static model or a Transformer"
                );
            }
            let opened = zero_shot(encoder, 0, &open_body).map_err(|cause| anyhow!(cause))?;
            return self.grown(doc_vectors(&opened, data)?, name.to_string(), data);
        };
        let model = Model::open(folder, &open_body)?;
        model.belongs_to(data)?;
        let name = folder.display().to_string();
        if model.config.encoder.score() == Score::Hyperbolic {
            bail!("{name} is a hyperbolic model, and trees are grown in flat space: give another model");
        }
        let vectors = doc_vectors(&*model.encoder, data)?; // (documents, dim)
        let known = if self.asks_to_grow() { Known::Nothing } else { saved_tree(folder, &model, data)? };
        match known {
            Known::Tree(tree, _) => {
                Ok(Opened { tree: *tree, vectors, origin: Origin::Trained { model: name } })
            }
            Known::Nothing => self.grown(vectors, name, data),
            Known::OtherDocuments => {
                say(format_args!(
                    "note: {name} was trained with a tree over the documents of `{}`, and these are others, or in another order: one is \
                     grown from its vectors",
                    model.config.data.name
                ));
                self.grown(vectors, name, data)
            }
        }
    }

    fn asks_to_grow(&self) -> bool {
        self.grow || self.branching.is_some() || self.leaf_size.is_some() || self.seed.is_some()
    }

    /// A tree grown from vectors: shape `(documents, dim)`.
    fn grown(&self, vectors: Matrix, encoder: String, data: &Dataset) -> anyhow::Result<Opened> {
        let shape = self.shape(vectors.n_rows());
        let seed = self.seed.unwrap_or(7);
        let tree = DocTree::grow(&vectors, shape, seed)
            .with_context(|| format!("no tree can be grown over `{}`", data.name))?;
        Ok(Opened { tree, vectors, origin: Origin::grown(encoder, shape, seed) })
    }

    /// What a tree over so many documents is grown to.
    fn shape(&self, n_docs: usize) -> TreeShape {
        let branching = self.branching.map_or(16, |branching| branching as usize);
        let few = (n_docs as f64).sqrt().ceil() as usize;
        let leaf_size = self.leaf_size.map_or(few.clamp(2, 16), |leaf_size| leaf_size as usize);
        let balance = if branching > 2 { 2.0 } else { 1.5 };
        TreeShape { branching, leaf_size, balance, iterations: 20, sample: 256 }
    }
}
