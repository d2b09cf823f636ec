//! `rootward index regrow`: the tree anew, and how wide to look in it.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use rootward::digits::grouped;
use rootward_index::tuning::MeasuredOn;
use rootward_index::{Editor, Snapshot, Tuning};
use serde::Serialize;

use crate::array;
use crate::output::{print_json, say};
use crate::progress::Bar;

/// Grow the tree of an index anew, and find out again how wide to look in it.
///
/// Leaves are divided when they overflow, so this need not be done; when `rootward index info` tells of much drift, search
/// is faster behind it. Who searches goes on meanwhile.
#[derive(Args)]
pub(crate) struct Regrow {
    /// The index.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    /// Share of the exact best hits that search down the tree is to find; left out, what was asked for before.
    #[arg(long, value_name = "SHARE", value_parser = recall)]
    recall: Option<f64>,
    /// Array of the vectors of queries to measure that on; left out, documents are asked for among the others.
    #[arg(long, value_name = "FILE.npy")]
    queries: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Done {
    generation: u64,
    tuning: Tuning,
}

/// The recall that is asked for where nobody said which.
pub(super) const RECALL: f64 = 0.99;

impl Regrow {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut editor = Editor::open(&self.index)?;
        let dim = editor.index().settings()?.dim;
        let queries = self.queries.as_deref().map(|path| array::read_queries(path, dim)).transpose()?;
        let before = editor.index().tuning()?.map(|tuning| tuning.recall);
        let recall = self.recall.or(before).unwrap_or(RECALL);
        let mut bar = Bar::endless("regrow");
        bar.note("growing the tree".to_owned());
        editor.regrow()?;
        bar.note("measuring".to_owned());
        let tuning = editor.tune(recall, queries.as_ref())?;
        bar.clear();
        let generation = editor.index().with_snapshot(Snapshot::generation)?;
        if self.json {
            return print_json(&Done { generation, tuning });
        }
        say(in_words(&tuning));
        Ok(())
    }
}

/// A share above 0 and up to 1.
pub(super) fn recall(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| "a share above 0 and up to 1 was expected, such as 0.99".to_owned())
}

/// How search was tuned, in words.
pub(super) fn in_words(tuning: &Tuning) -> impl fmt::Display + '_ {
    fmt::from_fn(move |f| {
        let on = match tuning.on {
            MeasuredOn::Queries => "queries",
            MeasuredOn::HeldOut => "documents held out",
        };
        let queries = tuning.beams.iter().map(|beam| beam.queries).max().unwrap_or(0);
        if queries == 0 {
            return write!(f, "search: not measured, there are too few documents");
        }
        write!(f, "leaves that search looks at, for a recall of {}:", tuning.recall)?;
        for (at, beam) in tuning.beams.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let (leaves, share) = (grouped(beam.leaves), 100.0 * beam.recall);
            write!(f, "{comma} {leaves} for {} hits ({share:.1} % found)", beam.k)?;
        }
        write!(f, ", on {} {on}", grouped(queries))?;
        match tuning.weight {
            Some(weight) => write!(f, "; vectors weigh {weight} beside words"),
            None => Ok(()),
        }
    })
}
