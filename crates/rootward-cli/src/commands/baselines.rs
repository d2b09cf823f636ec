//! `rootward baselines`: what plain methods find on a data set, side by side with models and runs.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;
use rootward::bm25::{Bm25, LUCENE};
use rootward::dataset::{Dataset, Split};
use rootward::eval::{Judge, NameTable, Truth};
use rootward::popularity::Popularity;
use rootward::recipe::EncoderConfig;

use crate::answers::all_trained;
use crate::bodies::{open_body, zero_shot};
use crate::builtin::read_recipe;
use crate::comparison::{Comparison, Contender, Testing};
use crate::in_memory::{self, Steps};
use crate::interrupt;
use crate::output::{print, print_json, say};
use crate::progress::Bar;
use crate::ranked::{ModelVectors, Ranked, evaluate, evaluate_looked_up};

/// Measure what plain methods find, with models, recipes and runs beside them.
///
/// popularity ranks documents by how many training queries they are relevant to, and knows no query. bm25 compares
/// words: k1 = 1.2, b = 0.75, English stems, title, text and synonyms of a document as one. look-up goes down a ranking
/// and puts behind each document its ancestors, nearest first: what anybody would do who has the hierarchy at hand when
/// asked. It is made of BM25 and of every model, recipe and run that is given.
///
/// All are measured as by `rootward eval`: recall at a distance is the share of pairs whose document is among the first
/// |S(q)|. Which row beats which is told by tests on recall by query.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  rootward baselines --data clinc150 --zero-shot builtin --recipe text-standard --recipe text-climb\n  \
                  rootward baselines --data data/wordnet-nouns --model demo/standard --model demo/climb\n  \
                  rootward baselines --data DATA --split dev --run mine.run --json"
)]
pub(crate) struct Baselines {
    /// Folder of the data set.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    /// Queries to measure on.
    #[arg(long, value_name = "SPLIT", default_value = "test")]
    split: Split,
    /// Folder of a model to measure too; may be given several times.
    #[arg(long, value_name = "MODEL")]
    model: Vec<PathBuf>,
    /// Recipe to train on the spot and measure too, such as `standard`; may be given several times.
    #[arg(long, value_name = "FILE")]
    recipe: Vec<PathBuf>,
    /// Encoder of texts to measure as it is, untrained: `builtin`, or the folder of a static model or a Transformer; may be
    /// given several times.
    #[arg(long, value_name = "ENCODER")]
    zero_shot: Vec<PathBuf>,
    /// TREC run to measure too: lines of `query Q0 document rank score tag`; may be given several times.
    #[arg(long, value_name = "FILE")]
    run: Vec<PathBuf>,
    /// Let nDCG take all of S(q) as relevant, ancestors included, with grade 1.
    #[arg(long)]
    ancestors: bool,
    #[command(flatten)]
    testing: Testing,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Baselines {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let data = Dataset::open(&self.data)?;
        let pairs = data.pairs(self.split).with_context(|| no_split(&data, self.split))?;
        let table = NameTable::of(&data);
        let judge = if self.ancestors { Judge::Ancestors } else { as_judged(&data, self.split) };
        let truth = Truth { pairs: &pairs, judge, names: table.names() };
        // What is given is opened and trained first: a mistake shows before the long work.
        let mut given: Vec<(String, Ranked)> = Vec::new();
        for path in self.model.iter().chain(&self.run) {
            given.push((name_of(path), Ranked::open(path, &data, &truth)?));
        }
        for encoder in &self.zero_shot {
            let untrained =
                zero_shot(encoder, data.docs.len(), &open_body).map_err(|cause| anyhow!(cause))?;
            let name = format!("{}, zero-shot", name_of(encoder));
            given.push((name, Ranked::Model(ModelVectors::of(&untrained, &data, &truth)?)));
        }
        for recipe in &self.recipe {
            given.push((name_of(recipe), Ranked::Model(train(recipe, &data, &truth)?)));
        }

        let mut contenders = Contenders { rows: Vec::new(), data: &data, truth: &truth };
        contenders.popularity()?;
        contenders.bm25()?;
        for (name, ranked) in given {
            contenders.given(name, &ranked)?;
        }
        let found = Comparison::of(contenders.rows, &self.testing)?;
        if self.json { print_json(&found) } else { print(&found.to_string()) }
    }
}

/// The rows so far, and what they are measured by.
struct Contenders<'a> {
    rows: Vec<Contender>,
    data: &'a Dataset,
    truth: &'a Truth<'a>,
}

impl Contenders<'_> {
    fn popularity(&mut self) -> anyhow::Result<()> {
        let Some(learned) = self.data.pairs(Split::Train) else {
            say(format_args!(
                "no popularity: data set `{}` has no training queries to count",
                self.data.name
            ));
            return Ok(());
        };
        let popularity = Popularity::new(&learned, self.data.docs.len(), self.truth.pairs.n_queries());
        let evaluation = evaluate("popularity", &popularity, self.truth)?;
        self.rows.push(Contender { name: String::from("popularity"), evaluation });
        Ok(())
    }

    fn bm25(&mut self) -> anyhow::Result<()> {
        let index = Bm25::new(&self.data.docs, LUCENE);
        let asked = self.truth.pairs.queries();
        let asked = index.ask(asked.iter().map(|query| self.data.queries[query.at()].text.as_str()));
        self.rows.push(Contender {
            name: String::from("bm25"),
            evaluation: evaluate("bm25", &asked, self.truth)?,
        });
        if self.has_edges() {
            let name = looked_up("bm25");
            let evaluation = evaluate_looked_up(&name, &asked, self.truth, &self.data.hierarchy)?;
            self.rows.push(Contender { name, evaluation });
        } else {
            say(format_args!(
                "no look-up: data set `{}` has no hierarchy to look ancestors up in",
                self.data.name
            ));
        }
        Ok(())
    }

    fn given(&mut self, name: String, ranked: &Ranked) -> anyhow::Result<()> {
        let evaluation = ranked.evaluate(&name, self.truth)?;
        let look_up = looked_up(&name);
        self.rows.push(Contender { name, evaluation });
        if self.has_edges() {
            let evaluation = ranked.evaluate_looked_up(&look_up, self.truth, &self.data.hierarchy)?;
            self.rows.push(Contender { name: look_up, evaluation });
        }
        Ok(())
    }

    fn has_edges(&self) -> bool {
        self.data.hierarchy.n_edges() > 0
    }
}

/// What a ranking is called when ancestors are looked up behind its documents.
fn looked_up(name: &str) -> String {
    format!("{name}, look-up")
}

/// What a ranking is called: the last part of its path.
pub(super) fn name_of(path: &Path) -> String {
    let end = path.file_name().map(|name| name.to_string_lossy().into_owned());
    end.unwrap_or_else(|| path.display().to_string())
}

/// The judgements of a split as they are.
pub(super) fn as_judged(data: &Dataset, split: Split) -> Judge<'_> {
    Judge::Qrels(data.judgements(split).unwrap_or_default())
}

/// Says that a data set lacks a split.
pub(super) fn no_split(data: &Dataset, split: Split) -> String {
    format!("data set `{}` has no {split} judgements: expected qrels/{split}.tsv in it", data.name)
}

/// Trains a recipe in memory, and encodes the queries and documents.
fn train(recipe: &Path, data: &Dataset, truth: &Truth<'_>) -> anyhow::Result<ModelVectors> {
    // A table has no vector for a query that it was not trained on: better said before it is trained.
    let name = name_of(recipe);
    let recipe = read_recipe(recipe, &[])?;
    if matches!(recipe.encoder, EncoderConfig::Table(_)) {
        all_trained(data, truth.pairs.queries())?;
    }
    interrupt::watch()?;
    let mut bar: Option<Bar> = None;
    let encoder = in_memory::train(data, &recipe, &mut |Steps { done, of }| {
        let bar = bar.get_or_insert_with(|| Bar::new(&name, of));
        bar.at(done);
        bar.note(String::new());
    })?;
    if let Some(bar) = bar {
        bar.clear();
    }
    ModelVectors::of(&*encoder, data, truth)
}
