//! `rootward import`: other people's files into a data set folder.
//!
//! Each kind of file has its options in a file of its own; what is the same for all is here.

mod beir;
mod edges;
mod esci;
mod mesh;
mod ncbi;
mod obo;
mod pairs;
mod paths;
mod skos;
mod table;
mod texts;
mod trec;
mod wordnet;
mod xml;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use rootward::dataset::{Compress, DataError, Split};
use rootward_import::{BytesRead, Imported, Progress, Queries, Source};

use crate::output::{Turned, print_json, say, say_notes};
use crate::progress::Bar;

/// Turn other files into a data set folder.
///
/// SRC may be a plain file, gzip, zstd or a zip archive, whatever its name; where a kind has several files, the folder
/// or the archive that holds them. What is left out on the way is counted and shown; what cannot be read is one error
/// with file and line, and nothing is written then.
#[derive(Args)]
#[command(
    subcommand_value_name = "KIND",
    subcommand_help_heading = "Kinds",
    after_help = "Example:\n  rootward import wordnet /usr/share/wordnet --out data/wordnet-nouns --gzip"
)]
pub(crate) struct Import {
    #[command(subcommand)]
    kind: Kind,
}

#[derive(Subcommand)]
enum Kind {
    Mesh(mesh::Mesh),
    Obo(obo::Obo),
    Skos(skos::Skos),
    Edges(edges::Edges),
    Paths(paths::Paths),
    Ncbi(ncbi::Ncbi),
    Wordnet(wordnet::Wordnet),
    Xml(xml::Xml),
    Beir(beir::Beir),
    Trec(trec::Trec),
    Esci(esci::Esci),
    Pairs(pairs::Pairs),
    Texts(texts::Texts),
}

/// What every kind with one source is asked.
#[derive(Args)]
struct FromTo {
    /// The file to read, or the folder or archive with the files in it.
    #[arg(value_name = "SRC")]
    source: PathBuf,
    #[command(flatten)]
    to: To,
}

/// What every kind is asked.
#[derive(Args)]
struct To {
    /// Folder to write; it must not exist, or be empty.
    #[arg(long, value_name = "DATA")]
    out: PathBuf,
    /// Write gzip files; they are read wherever plain ones are.
    #[arg(long)]
    gzip: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What is asked of a hierarchy whose nodes have several names.
#[derive(Args)]
struct Asked {
    /// What is asked: each node by its title, or every name and synonym as a query of its own, all for training.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = By::Nodes)]
    queries: By,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    Nodes,
    Synonyms,
}

impl Asked {
    fn queries(&self) -> Queries {
        match self.queries {
            By::Nodes => Queries::Nodes,
            By::Synonyms => Queries::Names,
        }
    }
}

impl Import {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.kind {
            Kind::Mesh(kind) => kind.run(),
            Kind::Obo(kind) => kind.run(),
            Kind::Skos(kind) => kind.run(),
            Kind::Edges(kind) => kind.run(),
            Kind::Paths(kind) => kind.run(),
            Kind::Ncbi(kind) => kind.run(),
            Kind::Wordnet(kind) => kind.run(),
            Kind::Xml(kind) => kind.run(),
            Kind::Beir(kind) => kind.run(),
            Kind::Trec(kind) => kind.run(),
            Kind::Esci(kind) => kind.run(),
            Kind::Pairs(kind) => kind.run(),
            Kind::Texts(kind) => kind.run(),
        }
    }
}

impl FromTo {
    /// Reads by an importer, writes the folder, and says what came of it.
    fn run(self, import: impl FnOnce(&Source<'_>) -> Result<Imported, DataError>) -> anyhow::Result<()> {
        self.to.run(|progress| import(&Source::new(&self.source, progress)))
    }
}

impl To {
    /// Reads by an importer, writes the folder, and says what came of it.
    fn run(self, import: impl FnOnce(&Progress<'_>) -> Result<Imported, DataError>) -> anyhow::Result<()> {
        let bar = Bar::of_bytes("reading");
        let imported = import(&|read: BytesRead| bar.at_bytes(read.done, read.of));
        bar.clear();
        let Imported { parts, notes } = imported?;
        let compress = if self.gzip { Compress::Gzip } else { Compress::None };
        parts.write(&self.out, compress)?;
        let too_deep = parts.graph.refuse_if_too_deep().err();
        let asked = parts.asked.as_ref();
        let judged = |split| asked.and_then(|asked| asked.judgements.of(split)).map_or(0, <[_]>::len);
        let done = Turned {
            documents: parts.docs.len(),
            edges: parts.graph.n_edges(),
            queries: asked.map_or(0, |asked| asked.queries.len()),
            judgements: Split::ALL.into_iter().map(judged).sum(),
            notes,
            out: self.out,
        };
        if self.json {
            return print_json(&done);
        }
        let Turned { out, documents, edges, queries, judgements, notes } = done;
        let asked =
            if queries > 0 { format!(", {queries} queries, {judgements} judgements") } else { String::new() };
        say_notes(&notes);
        say(format_args!("wrote {}: {documents} documents, {edges} edges{asked}", out.display()));
        if let Some(error) = too_deep {
            say(format_args!("note: the folder is whole, but it cannot be trained on or inspected: {error}"));
            return Ok(());
        }
        say(format_args!("next: rootward inspect {}", out.display()));
        Ok(())
    }
}
