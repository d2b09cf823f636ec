//! `rootward complete`: what a hierarchy with holes most likely lacks.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use rootward::completion::{PASSES, complete};
use rootward::dataset::{Compress, Dataset};
use rootward::held_out;
use serde::Serialize;

use crate::left_out::say_left_out;
use crate::output::{print_json, say};
use crate::progress::Bar;

/// Fill the holes of a hierarchy: find the ancestors that nobody wrote down.
///
/// From pairs alone: what follows by transitivity, what shared descendants show, and where a document stands whose parent
/// is not known. With --texts also from titles, synonyms and texts. OUT holds the same documents with the completed
/// hierarchy, and guesses.tsv with every guessed pair and its probability; train on it as on any data set: a guessed pair
/// counts as often as it is likely.
#[derive(Args)]
#[command(after_help = "Example:\n  rootward complete hidden --texts --out completed")]
pub(crate) struct Complete {
    /// Folder of the data set: a hierarchy without queries of its own, as edges or as loose pairs.
    data: PathBuf,
    /// Use the words of the documents too.
    #[arg(long)]
    texts: bool,
    /// Folder to write.
    #[arg(long, value_name = "OUT")]
    out: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Done {
    out: PathBuf,
    missing: f64,
    guessed: usize,
    sure: usize,
}

impl Complete {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let data = Dataset::open(&self.data)?;
        if !data.is_closed() {
            bail!(
                "`{}` has queries of its own: a hierarchy is completed where each document is its own",
                data.name
            );
        }
        let bar = Bar::new("complete", PASSES * data.docs.len());
        let texts = self.texts.then_some(&data.docs[..]);
        let completed = complete(&data.hierarchy, texts, &|done| bar.at(done));
        bar.clear();
        let (guessed, missing) = (completed.guesses.values().len(), completed.missing);
        let sure = completed.hierarchy.n_ancestor_pairs() - data.hierarchy.n_ancestor_pairs();
        let name = data.name.clone();
        let filled =
            Dataset::closed(data.name, data.docs, completed.hierarchy).with_guesses(completed.guesses);
        filled.write(&self.out, Compress::None)?;
        say_left_out(&self.data)?;
        // What was held out of the old folder is held out of the new one.
        let held_out = self.data.join(held_out::FILE);
        if held_out.is_file() {
            let to = self.out.join(held_out::FILE);
            fs::copy(&held_out, &to).with_context(|| format!("{} could not be written", to.display()))?;
        }
        if self.json {
            return print_json(&Done { out: self.out, missing, guessed, sure });
        }
        say(format_args!(
            "about {:.0} % of the pairs were not given; {guessed} more are guessed, {sure} of them in the hierarchy of {}",
            100.0 * missing,
            self.out.display()
        ));
        if missing > NEARLY_ALL {
            say(format_args!(
                "note: hardly a pair is given that others imply. Where `{name}` has the edges of a whole hierarchy, which leave \
                 such pairs out, nothing was missing and what was guessed is wrong: keep the old folder"
            ));
        }
        Ok(())
    }
}

/// Where so large a share of the implied pairs is missing they were probably left out because they are implied.
const NEARLY_ALL: f64 = 0.95;
