//! `rootward export`: a data set as other programs read it.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use rootward::dataset::{Dataset, Split};
use rootward_import::{to_beir, to_edges, to_trec};

use crate::left_out::say_left_out;
use crate::output::{Turned, print_json, say, say_notes};

/// Write a data set in a form that other programs read.
///
/// beir: a folder of corpus.jsonl, queries.jsonl, qrels/*.tsv, and hierarchy.tsv where there is one. trec: a folder of
/// corpus.sgml, topics.tsv and qrels.SPLIT.txt. edges: a table of child and parent, as parquet where its name ends in
/// .parquet, as CSV for .csv, else with tabs. `rootward import` reads each again; what a form cannot hold is counted.
/// Rankings leave by `rootward eval --run-out`.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  rootward export data/wordnet-nouns --to edges --out edges.parquet --nodes nodes.csv\n  \
                  rootward export scifact --to trec --out scifact-trec"
)]
pub(crate) struct Export {
    /// Folder of the data set.
    data: PathBuf,
    /// Form.
    #[arg(long, value_name = "FORM")]
    to: Form,
    /// Folder to write, which must not exist or be empty; for edges the file.
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// For edges: write id, title, text and synonyms of every document too, with bars between synonyms.
    #[arg(long, value_name = "FILE")]
    nodes: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Beir,
    Trec,
    Edges,
}

impl Export {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        if self.nodes.is_some() && self.to != Form::Edges {
            bail!("--nodes goes with `--to edges`: the other forms hold the documents themselves");
        }
        let data = Dataset::open(&self.data)?;
        let notes = match self.to {
            Form::Beir => to_beir(&data, &self.out)?,
            Form::Trec => to_trec(&data, &self.out)?,
            Form::Edges => to_edges(&data, &self.out, self.nodes.as_deref())?,
        };
        say_left_out(&self.data)?;
        if self.json {
            let judged = |split| data.judgements(split).map_or(0, <[_]>::len);
            return print_json(&Turned {
                out: self.out,
                documents: data.docs.len(),
                edges: data.hierarchy.n_edges(),
                queries: data.queries.len(),
                judgements: Split::ALL.into_iter().map(judged).sum(),
                notes,
            });
        }
        say_notes(&notes);
        say(format_args!("wrote {}", self.out.display()));
        Ok(())
    }
}
