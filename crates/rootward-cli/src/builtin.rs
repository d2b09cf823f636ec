//! The recipes and the data set that come with the program.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use rootward::recipe::Recipe;

/// Name and text of each, from `recipes/`.
const RECIPES: [(&str, &str); 29] = [
    ("standard", include_str!("../../../recipes/standard.toml")),
    ("pretrain-finetune", include_str!("../../../recipes/pretrain-finetune.toml")),
    ("hyperbolic", include_str!("../../../recipes/hyperbolic.toml")),
    ("hyperbolic-pretrain-finetune", include_str!("../../../recipes/hyperbolic-pretrain-finetune.toml")),
    ("climb", include_str!("../../../recipes/climb.toml")),
    ("climb-small", include_str!("../../../recipes/climb-small.toml")),
    ("tree-standard", include_str!("../../../recipes/tree-standard.toml")),
    ("tree-rebalanced", include_str!("../../../recipes/tree-rebalanced.toml")),
    ("tree-pretrain-finetune", include_str!("../../../recipes/tree-pretrain-finetune.toml")),
    ("tree-climb", include_str!("../../../recipes/tree-climb.toml")),
    ("rebalanced", include_str!("../../../recipes/rebalanced.toml")),
    ("long-only", include_str!("../../../recipes/long-only.toml")),
    ("curriculum", include_str!("../../../recipes/curriculum.toml")),
    ("distance-weighted", include_str!("../../../recipes/distance-weighted.toml")),
    ("even-distances", include_str!("../../../recipes/even-distances.toml")),
    ("distance-reweighted", include_str!("../../../recipes/distance-reweighted.toml")),
    ("text-standard", include_str!("../../../recipes/text-standard.toml")),
    ("text-pretrain-finetune", include_str!("../../../recipes/text-pretrain-finetune.toml")),
    ("text-joint", include_str!("../../../recipes/text-joint.toml")),
    ("text-climb", include_str!("../../../recipes/text-climb.toml")),
    ("transformer-standard", include_str!("../../../recipes/transformer-standard.toml")),
    ("transformer-climb", include_str!("../../../recipes/transformer-climb.toml")),
    ("hce-supervised", include_str!("../../../recipes/hce-supervised.toml")),
    ("hce-unsupervised", include_str!("../../../recipes/hce-unsupervised.toml")),
    ("hce-joint", include_str!("../../../recipes/hce-joint.toml")),
    ("transformer-hce-supervised", include_str!("../../../recipes/transformer-hce-supervised.toml")),
    ("transformer-hce-unsupervised", include_str!("../../../recipes/transformer-hce-unsupervised.toml")),
    ("transformer-hce-joint", include_str!("../../../recipes/transformer-hce-joint.toml")),
    ("adaptive-temperature", include_str!("../../../recipes/adaptive-temperature.toml")),
];

/// Reads a recipe by the name of its file, or by the name under which it comes with the program.
pub(crate) fn read_recipe(name: &Path, settings: &[String]) -> anyhow::Result<Recipe> {
    let known = RECIPES.iter().find(|(known, _)| Path::new(known) == name);
    let text = match (known, name.is_file()) {
        (_, true) => {
            fs::read_to_string(name).with_context(|| format!("{} could not be read", name.display()))?
        }
        (Some((_, text)), false) => (*text).to_owned(),
        (None, false) => {
            let known: Vec<&str> = RECIPES.iter().map(|(name, _)| *name).collect();
            bail!("there is no recipe {}: expected a file, or one of {}", name.display(), known.join(", "));
        }
    };
    Recipe::parse(&text, settings).with_context(|| name.display().to_string())
}

/// The data set that comes with the project: in this folder, or where the program was built.
pub(crate) fn bundled_wordnet() -> anyhow::Result<PathBuf> {
    let here = Path::new("data/wordnet-nouns");
    let built = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/wordnet-nouns"));
    let found = [here, built].into_iter().find(|folder| folder.is_dir());
    found
        .map(Path::to_owned)
        .context("there is no data/wordnet-nouns here: run this in the project, or give --data")
}
