//! `rootward demo`: the point of it all, on real data, in minutes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use rootward::dataset::{Dataset, Split};
use rootward::eval::{Evaluation, Judge, NameTable, Truth};
use rootward::files::write_aside;
use rootward::inspect::inspect;
use rootward::model::Model;
use rootward::recipe::{EncoderConfig, Recipe};
use rootward::trainer::TrainError;

use crate::answers::{Answers, Order, Question, Wanted};
use crate::bodies::open_body;
use crate::builtin::{bundled_wordnet, read_recipe};
use crate::commands::eval::evaluate_model;
use crate::diagnosis::Maker;
use crate::output::{command_line, print, print_json, say};
use crate::ranker::Ranker;
use crate::report::{Entry, Heading, page, picture};
use crate::training::{self, Existing};
use crate::{interrupt, paper};

/// Train three recipes on WordNet, measure them by distance, and ask the best one.
///
/// Standard dual-encoder training finds the near ancestors of a word and loses the far ones; the paper's
/// pretrain-finetune recipe brings most of them back; climb, our recipe, brings back all of them. Prints one table
/// beside the paper's numbers, writes report.html, and answers a few words. Models stay in the output folder: a second
/// run goes on where the first was stopped, and answers at once when it was not.
#[derive(Args)]
pub(crate) struct Demo {
    /// Ask for this word too; may be given several times.
    #[arg(long, value_name = "WORD")]
    query: Vec<String>,
    /// Folder for the models and the report.
    #[arg(long, value_name = "DIR", default_value = "demo")]
    out: PathBuf,
    /// Data set folder: any hierarchy without queries of its own; WordNet where it is left out.
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// Change a value of every recipe, such as `encoder.dim=32` or `validation.far_from=2`; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Seed instead of the recipes'.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print the table as one JSON object.
    #[arg(long)]
    json: bool,
}

/// The recipes that it trains, in the order of telling; the last one answers.
const RECIPES: [&str; 3] = ["standard", "pretrain-finetune", "climb"];

/// Words that the demo answers of itself.
const EXAMPLES: [&str; 2] = ["sandal", "espresso"];

/// Distances that the demo shows, as the paper's table does.
const SHOWN: usize = 9;

impl Demo {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        interrupt::watch()?;
        let folder = match &self.data {
            Some(folder) => folder.clone(),
            None => bundled_wordnet()?,
        };
        let data = Dataset::open(&folder)?;
        if !data.is_closed() {
            bail!(
                "the demo wants a hierarchy without queries of its own; use train and eval on `{}`",
                data.name
            );
        }
        let is_wordnet = self.data.is_none();
        say(format_args!("{}", inspect(&data)));

        let mut entries = Vec::new();
        for name in RECIPES {
            match self.entry(name, &data, is_wordnet) {
                Ok(entry) => entries.push(entry),
                // A recipe for far pairs has nothing to do on a hierarchy that has none.
                Err(error) if is_too_shallow(&error) => {
                    say(format_args!("recipe {name} is left out: {error}"));
                }
                Err(error) => return Err(error),
            }
        }
        let best = Model::open(&self.out.join("climb"), &open_body)?;
        let answers = self.answers(best, &data, is_wordnet)?;
        let heading = Heading {
            summary: format!(
                "{} recipes on {} ({} nodes): the share of pairs (query, ancestor) whose ancestor is among the first \
                 |S(q)| of all documents, by the distance between the two.",
                entries.len(),
                data.name,
                data.docs.len()
            ),
            command: command_line(),
            answers: answers.clone(),
        };
        let html = page(&heading, &entries)?;
        let report = self.out.join("report.html");
        write_aside(&report, |file| file.write_all(html.as_bytes()))?;
        let svg = picture(&entries)?;
        write_aside(&self.out.join("recall-by-distance.svg"), |file| file.write_all(svg.as_bytes()))?;

        if self.json {
            let rows: Vec<_> = entries
                .iter()
                .map(|e| serde_json::json!({"recipe": e.name, "recall_by_distance": e.recall, "recall": e.overall, "seconds": e.seconds}))
                .collect();
            return print_json(&serde_json::json!({"data": data.name, "recipes": rows}));
        }
        print(&format!("{}\n{answers}", table(&entries)))?;
        say(format_args!("wrote {}", report.display()));
        say(format_args!(
            "next: rootward search --data {} --model {} WORD",
            folder.display(),
            self.out.join("climb").display()
        ));
        Ok(())
    }

    /// Trains and measures one recipe, or picks up what an earlier run left.
    fn entry(&self, name: &str, data: &Dataset, is_wordnet: bool) -> anyhow::Result<Entry> {
        let mut recipe = read_recipe(Path::new(name), &self.set)?;
        recipe.reseed(self.seed)?;
        let model_folder = self.out.join(name);
        let table = NameTable::of(data);
        let names = table.names();
        say(format_args!("recipe {name}"));
        let finished = training::train(data, &recipe, name, &model_folder, Existing::Resume)?;
        let model = Model::open(&model_folder, &open_body)?;
        model.belongs_to(data)?;
        let pairs = data.pairs(Split::Test).context("a closed hierarchy has test pairs")?;
        let found = evaluate_model(&model, data, &Truth { pairs: &pairs, judge: Judge::Ancestors, names })?;
        if interrupt::asked() {
            bail!("stopped; the same command goes on from here");
        }
        let maker = Maker::model(&model_folder, model.encoder.dim());
        let comparable = is_wordnet && is_64_wide(&recipe);
        let paper = paper::WORDNET.iter().find(|row| comparable && row.dim == 64 && row.recipe == name);
        Ok(Entry {
            name: name.to_owned(),
            recipe: recipe.to_toml(),
            recall: percents(&found),
            overall: 100.0 * found.recall.value(),
            paper: paper.map(|row| &row.recall[..]),
            findings: maker.explain(&found, &pairs, data),
            seconds: finished.seconds,
        })
    }

    fn answers(&self, model: Model, data: &Dataset, is_wordnet: bool) -> anyhow::Result<String> {
        let (answers, ranker) = (Answers::new(data), Ranker::model(model, data)?);
        let wanted = Wanted { k: None, within: None, order: Order::Score };
        let examples = EXAMPLES.iter().filter(|_| is_wordnet).map(|word| (*word).to_owned());
        let mut text = String::new();
        for word in examples.chain(self.query.iter().cloned()) {
            match answers.find(&word) {
                Ok(questions) => {
                    let answer =
                        |question: &Question, scores: &[f32]| answers.answer(question, scores, &wanted);
                    for answer in ranker.rank(data, &questions, answer)? {
                        writeln!(text, "{answer}")?;
                    }
                }
                // Minutes of training must not be lost to a word that is not there.
                Err(unknown) => writeln!(text, "{unknown}\n")?,
            }
        }
        Ok(text)
    }
}

fn is_too_shallow(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(TrainError::Draw(_) | TrainError::NothingFar { .. }))
}

fn is_64_wide(recipe: &Recipe) -> bool {
    matches!(&recipe.encoder, EncoderConfig::Table(config) if config.dim == 64)
}

fn percents(found: &Evaluation) -> Vec<f64> {
    found.recall_by_distance.values().take(SHOWN).map(|share| 100.0 * share.value()).collect()
}

/// Recall by distance for each recipe, the paper's rows below ours.
fn table(entries: &[Entry]) -> String {
    let distances = entries.iter().map(|entry| entry.recall.len()).max().unwrap_or(0);
    let mut text = format!("{:<20}", "recall %, distance");
    (0..distances).for_each(|distance| text.push_str(&format!("{distance:>6}")));
    text.push_str("     all  training\n");
    let row = |text: &mut String, name: &str, recall: &[f64]| {
        text.push_str(&format!("{name:<20}"));
        recall.iter().for_each(|share| text.push_str(&format!("{share:>6.1}")));
    };
    for entry in entries {
        row(&mut text, &entry.name, &entry.recall);
        let seconds = entry.seconds.map_or(String::from("earlier"), |s| format!("{s:.0} s"));
        text.push_str(&format!("  {:>6.1}  {seconds:>8}\n", entry.overall));
        if let Some(paper) = entry.paper {
            row(&mut text, "  the paper", paper);
            text.push('\n');
        }
    }
    text
}
