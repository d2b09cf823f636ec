//! The second stage of the paper's recipe: which rates and temperatures keep the near and gain the far  [HR §5].
//!
//! All cells of a seed begin with the same pretraining, which is trained once and kept until the study is done.

use std::rc::Rc;

use anyhow::{Context, bail};
use rootward::recipe::Recipe;
use rootward::tensors::Tensors;

use super::engine::checksum;
use super::{ALL, Asked, Bench, Cell, Figure, Found, Plan, Row, Study, percents, recipe, tree_unless_asked};
use crate::in_memory::{measure, train_beginning, train_rest};

pub(crate) const STUDY: Study = Study {
    name: "finetune",
    shows: "rate and temperature of the finetune stage, with and without early stopping: whether the lower rate and \
            the higher temperature both matter",
    takes: "30 minutes",
    plan,
};

/// By which the rate of the first stage is divided.
const DIVISORS: [u32; 5] = [10, 50, 100, 1000, 10_000];

const TEMPERATURES: [f64; 5] = [20.0, 100.0, 500.0, 1000.0, 2000.0];

fn plan(asked: &Asked) -> anyhow::Result<Plan> {
    let (data, on) = tree_unless_asked(asked)?;
    let name = on.recipe("pretrain-finetune");
    let begins = recipe(&name, &[], asked)?;
    let first = begins.stages[0].rate.start;
    if begins.stages.len() < 2 {
        bail!("{name} has one stage; this study is about its second");
    }
    let mut cells = Vec::new();
    for group in [STOPPED, TO_THE_END] {
        for divisor in DIVISORS {
            for temperature in TEMPERATURES {
                let rate = first / divisor as f32;
                let settings = [
                    format!("stages.1.rate.start={rate:?}"),
                    format!("stages.1.rate.end={rate:?}"),
                    format!("stages.1.loss.temperature={temperature:?}"),
                ];
                let mut recipe = recipe(&name, &settings, asked)?;
                if group == TO_THE_END {
                    recipe.stages[1].early_stop = None;
                }
                let label = format!("rate 1/{divisor}");
                let row = Row { group: group.to_owned(), label, at: Some(temperature) };
                let work = Rc::new(finetune);
                cells.push(Cell { row, data: 0, recipe, depends_on: String::new(), work });
            }
        }
    }
    let figure = Figure::Across { heading: "temperature; recall of all pairs in percent", column: ALL };
    Ok(Plan::of_recall(data, cells, figure))
}

const STOPPED: &str = "with early stopping";
const TO_THE_END: &str = "without early stopping";

/// Trains the stages after the first, and measures recall by distance.
fn finetune(bench: &Bench<'_>) -> anyhow::Result<Found> {
    let Bench { data, names, recipe, progress, .. } = *bench;
    let beginning = pretrained(bench)?;
    let encoder = train_rest(data, names, recipe, &beginning, &mut |steps| progress(steps))?;
    Ok(percents(&measure(&*encoder, data, names)?).into())
}

/// The first stage of the recipe, from its file where another cell has trained it already.
fn pretrained(bench: &Bench<'_>) -> anyhow::Result<Tensors> {
    let Bench { data, names, recipe, beginnings, progress } = *bench;
    let mut first = Recipe::clone(recipe);
    first.stages.truncate(1);
    let sum = checksum(&[&data.fingerprint().to_string(), &first.to_toml()]);
    let path = beginnings.join(format!("{sum:016x}.safetensors"));
    if path.is_file() {
        return Tensors::read(&path).with_context(|| format!("{} cannot be used; delete it", path.display()));
    }
    let trained = train_beginning(data, names, recipe, 1, &mut |steps| progress(steps))?;
    trained.write(&path)?;
    Ok(trained)
}
