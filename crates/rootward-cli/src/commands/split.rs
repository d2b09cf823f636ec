//! `rootward split`: queries divided into train, dev and test, or pairs hidden where each document is its own query.
//!
//! Which of the two it is follows from the options; each refuses data sets that are for the other.

mod divide;
mod hide;

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use rootward::dataset::Dataset;

use crate::left_out::say_left_out;

/// What hides pairs instead of dividing queries.
const NOT_BY: [&str; 3] = ["pairs", "queries", "edges_only"];
/// What neither asks for.
const NOT_LEAVES: [&str; 4] = ["pairs", "queries", "edges_only", "leaves"];

/// Divide the queries of a data set into train, dev and test, or hide pairs of a hierarchy.
///
/// Of a data set with queries of its own (queries.jsonl), --by divides the queries: the judgements of all splits are
/// pooled and written anew, each query with all of its judgements on one side, every depth of the hierarchy with its share
/// in every split. Queries with the same text, but for capitals and blanks, or the same "group" in queries.jsonl always stay
/// together.
///
/// Of a hierarchy without queries, --pairs, --queries or --edges-only hides pairs: vectors of a hierarchy that was wholly
/// given could be looked up; learning shows on pairs that were not. OUT holds the same documents with the pairs that are
/// left, each as an edge of its own, and held-out.tsv with all pairs, their distance, and whether they were hidden: the
/// file for `rootward eval --held-out`.
///
/// --leaves takes leaves out instead, which a catalogue then has no node for: each document is a query in its own words
/// (title, synonyms, text), and what the queries of dev and test should find are the parents that they had.
#[derive(Args)]
#[command(group(ArgGroup::new("what").args(["by", "pairs", "queries", "edges_only", "leaves"]).required(true)))]
#[command(
    after_help = "Examples:\n  rootward split DATA --by query --dev 0.1 --test 0.2 --out divided\n  rootward split data/wordnet-nouns --pairs 0.2 --out hidden\n  rootward split data/wordnet-nouns --leaves --dev 0.02 --out unfiled\n  rootward complete hidden --out completed"
)]
pub(crate) struct Split {
    /// Folder of the data set.
    data: PathBuf,
    /// Divide the queries; what is in the test is new to the model in this way.
    #[arg(long, value_name = "WHAT", help_heading = "Queries of their own")]
    by: Option<By>,
    /// What makes a group: the key "group" of queries.jsonl where this is left out, a shared exact match, or a shared parent
    /// of one.
    #[arg(long, value_name = "WHAT", conflicts_with_all = NOT_LEAVES, help_heading = "Queries of their own")]
    group_by: Option<GroupBy>,
    /// The depth of the documents whose subtrees stay together; the least at which none holds more than a tenth of the
    /// queries where this is left out.
    #[arg(long, value_name = "N", conflicts_with_all = NOT_LEAVES, help_heading = "Queries of their own")]
    depth: Option<u32>,
    /// Share of the queries (of the leaves with --by node or --leaves) for dev; 0.1 where it is left out.
    #[arg(long, value_name = "SHARE", value_parser = share, conflicts_with_all = NOT_BY, help_heading = "Queries of their own")]
    dev: Option<f64>,
    /// Share of the queries (of the leaves with --by node or --leaves) for test; 0.1 where it is left out.
    #[arg(long, value_name = "SHARE", value_parser = share, conflicts_with_all = NOT_BY, help_heading = "Queries of their own")]
    test: Option<f64>,
    /// Hide this share of the pairs (document, ancestor) at distance 1 or more, each by itself.
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Each document its own query")]
    pairs: Option<f64>,
    /// Hide all pairs of this share of the documents without descendants.
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Each document its own query")]
    queries: Option<f64>,
    /// Hide all pairs at distance 2 or more.
    #[arg(long, help_heading = "Each document its own query")]
    edges_only: bool,
    /// Take leaves out of the documents, and ask for their parents in their words.
    #[arg(long, help_heading = "Each document its own query")]
    leaves: bool,
    /// Give the rest as judgements without a hierarchy, from which nothing follows by transitivity.
    #[arg(long, conflicts_with_all = ["by", "leaves"], help_heading = "Each document its own query")]
    flat: bool,
    /// Folder to write; it must not exist, or be empty.
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// Seed of the draw.
    #[arg(long, value_name = "N", default_value_t = 7)]
    seed: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What stays on one side.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Each query by itself: the test has new questions.
    Query,
    /// All queries of a group: the test has new topics.
    Group,
    /// All queries with the same leaf as exact match: the answers of the test answer nothing in training.
    Node,
    /// All queries about a document and everything below it: whole subtrees are new.
    Subtree,
}

/// What makes a group.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GroupBy {
    /// Queries that share an exact match, and those that share one with these.
    Document,
    /// Queries that share a parent of an exact match, and so on.
    Parent,
}

impl Split {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let data = Dataset::open(&self.data)?;
        let folder = self.data.clone();
        match self.by {
            Some(by) => self.divide(&data, by),
            None if self.leaves => self.take_leaves_out(&data),
            None => self.hide(&data),
        }?;
        say_left_out(&folder)
    }
}

/// A number from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("`{text}` is no share: a number from 0 to 1 was expected"))
}
