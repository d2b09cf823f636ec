//! `rootward geometry`: which dimension is enough for a hierarchy, by theory, by construction and by training.

mod report;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use rootward::dataset::Dataset;
use rootward::eval::{Judge, NameTable, Names, Truth};
use rootward::exact::ExactEncoder;
use rootward::geometry::{
    Bound, Draw, Margins, Search, SmallestDim, Trial, construction, evaluate_construction, margins,
    smallest_dims,
};
use rootward::hierarchy::Hierarchy;
use rootward::pairs::Pairs;
use rootward::random::{Purpose, stream};
use rootward::recipe::Recipe;

use crate::builtin::read_recipe;
use crate::in_memory::{stated_pairs, stop_if_asked, train_and_evaluate};
use crate::interrupt;
use crate::output::{print, print_json, say};
use crate::progress::Bar;
use report::{Exact, Report, Smallest};

/// Find the dimension that is enough for a hierarchy.
///
/// Prints the paper's bound in the numbers of this hierarchy; the smallest dimension in which the paper's construction
/// (each query the sum of its documents' random vectors, nothing trained) retrieves so many of the pairs; with --train
/// the smallest in which a recipe does; what the exact encoder needs, which makes no error at all; and by what margin the
/// construction separates relevant from other documents.
#[derive(Args)]
#[command(after_help = "Example:\n  rootward geometry data/wordnet-nouns --recall 0.99")]
pub(crate) struct Geometry {
    /// Folder of the data set.
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Recall to reach, over all pairs; may be given several times.
    #[arg(long, value_name = "SHARE", default_values_t = [0.95, 0.99], value_parser = share)]
    recall: Vec<f64>,
    /// Seeds that each dimension is measured under; their mean counts.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Queries that the construction is measured on: a sample where there are more.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    queries: u32,
    /// Search the smallest dimension of trained vectors too: a whole training for each dimension and seed.
    #[arg(long)]
    train: bool,
    /// Recipe to train by: a TOML file, or one that comes with the program.
    #[arg(long, value_name = "FILE", default_value = "climb", requires = "train")]
    recipe: PathBuf,
    /// Change a value of the recipe, such as `stages.0.epochs=5`; may be given several times.
    #[arg(long, value_name = "KEY=VALUE", requires = "train")]
    set: Vec<String>,
    /// Dimension of the margins; where it is left out, the one in which the construction reaches the highest recall.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    dim: Option<u32>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Where the searches begin; trained vectors need fewer numbers.
const FIRST: Start = Start { constructed: 16, trained: 8 };

struct Start {
    constructed: usize,
    trained: usize,
}

/// Numbers of all document vectors together beyond which a dimension is not tried: 1 GiB.
const MOST_NUMBERS: usize = 1 << 28;

impl Geometry {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let recipe = if self.train { Some(read_recipe(&self.recipe, &self.set)?) } else { None };
        let data = Dataset::open(&self.data)?;
        let table = NameTable::of(&data);
        let names = table.names();
        interrupt::watch()?;

        // The queries that a recipe trains are the ones measured, so that both searches answer one question.
        let pairs = stated_pairs(&data)?;
        let Some(bound) = Bound::of(&pairs, data.docs.len()) else {
            bail!(
                "no training query of `{}` has a relevant document: there is nothing to retrieve",
                data.name
            );
        };
        let most = (MOST_NUMBERS / data.docs.len()).min(bound.dimension.one_threshold).max(1);
        if let Some(dim) = self.dim.filter(|dim| *dim as usize > MOST_NUMBERS / data.docs.len()) {
            bail!(
                "--dim {dim} is too much for {} documents: at most {} fits in memory",
                data.docs.len(),
                MOST_NUMBERS / data.docs.len()
            );
        }
        let sample = pairs.sample(self.queries as usize, &mut stream(0, Purpose::Validation));
        let truth = Truth { pairs: &sample, judge: Judge::Ancestors, names };

        let constructed = self
            .search(FIRST.constructed.min(most), most, |dim, seed| constructed_recall(&truth, dim, seed))?;
        let trained = match &recipe {
            None => None,
            Some(recipe) => {
                // Where the construction is enough there is nothing left to gain.
                let most = constructed.iter().filter_map(SmallestDim::dim).max().unwrap_or(most);
                let found = self.search(FIRST.trained.min(most), most, |dim, seed| {
                    trained_recall(&data, &names, recipe, dim, seed)
                })?;
                Some(Smallest { by: self.recipe.display().to_string(), searched_to: most, found })
            }
        };
        let dim = self.dim.map(|dim| dim as usize).or(constructed.iter().filter_map(SmallestDim::dim).max());
        let margins = constructed_margins(&sample, names, dim.unwrap_or(most))?;
        let exact = exact(&data.hierarchy)?;
        let report = Report {
            data: data.name.clone(),
            bound,
            pairs: pairs.n_pairs(),
            seeds: self.seeds,
            constructed: Smallest { by: String::from("construction"), searched_to: most, found: constructed },
            trained,
            exact,
            margins,
        };
        if self.json { print_json(&report) } else { print(&report.to_string()) }
    }

    /// The smallest dimension for each recall, with a line for each dimension that was measured.
    fn search(
        &self,
        first: usize,
        most: usize,
        recall: impl FnMut(usize, u64) -> anyhow::Result<f64>,
    ) -> anyhow::Result<Vec<SmallestDim>> {
        let seeds: Vec<u64> = (1..=self.seeds).collect();
        smallest_dims(
            &Search { targets: &self.recall, seeds: &seeds, first, most },
            recall,
            |trial: &Trial| {
                say(format_args!("{:>20} {:.2} %", format!("d = {}", trial.dim), 100.0 * trial.mean()));
            },
        )
    }
}

fn constructed_recall(truth: &Truth<'_>, dim: usize, seed: u64) -> anyhow::Result<f64> {
    stop_if_asked()?;
    let bar = Bar::new(&format!("construct d = {dim}"), truth.pairs.n_queries());
    let found = evaluate_construction(truth, dim, seed, &|done| bar.at(done))?;
    bar.clear();
    Ok(found.recall.value())
}

fn constructed_margins(pairs: &Pairs, names: Names<'_>, dim: usize) -> anyhow::Result<Margins> {
    stop_if_asked()?;
    let vectors = construction(pairs, Draw { n_docs: names.docs.len(), dim, seed: 1 });
    let bar = Bar::new("margins", pairs.n_queries());
    let found = margins(vectors.vectors(), pairs, names, &|done| bar.at(done))?;
    bar.clear();
    Ok(found)
}

fn trained_recall(
    data: &Dataset,
    names: &Names<'_>,
    recipe: &Recipe,
    dim: usize,
    seed: u64,
) -> anyhow::Result<f64> {
    let settings = [format!("encoder.dim={dim}"), format!("seed={seed}")];
    let recipe = Recipe::parse(&recipe.to_toml(), &settings)?;
    let mut bar = None;
    let found = train_and_evaluate(data, names, &recipe, &mut |steps| {
        bar.get_or_insert_with(|| Bar::new(&format!("train d = {dim}"), steps.of)).at(steps.done);
    })?;
    if let Some(bar) = bar {
        bar.clear();
    }
    Ok(found.recall.value())
}

/// The exact encoder's needs; pairs are only tried where nothing is proven of them.
fn exact(hierarchy: &Hierarchy) -> anyhow::Result<Exact> {
    stop_if_asked()?;
    let encoder = ExactEncoder::of(hierarchy);
    let errors = if encoder.is_proven() {
        0
    } else {
        let bar = Bar::new("exact encoder", hierarchy.n_docs());
        let found = encoder.errors(hierarchy, &|done| bar.at(done));
        bar.clear();
        found
    };
    Ok(Exact { dim: encoder.dim(), runs: encoder.runs(), errors })
}

/// A recall from the command line.
fn share(text: &str) -> Result<f64, String> {
    let found = text.parse::<f64>().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    found.ok_or_else(|| String::from("a share above 0 and up to 1 was expected, such as 0.99"))
}
