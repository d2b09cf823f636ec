//! `rootward index fit`: what vectors weigh beside words, fitted on judged queries.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use rootward::dataset::{Dataset, Judgement, Split};
use rootward::digits::grouped;
use rootward::encoder::{Side, Text};
use rootward::eval::{Judge, NameTable, Truth};
use rootward::ids::{DocIdx, QueryIdx};
use rootward::pairs::Pairs;
use rootward::random::{Purpose, stream};
use rootward::run::{Run, evaluate_run};
use rootward_index::hybrid::{Fitted, fit};
use rootward_index::{Editor, Hit, Index, Rankings, Search};
use serde::Serialize;

use crate::index_model::IndexModel;
use crate::output::{print, print_json, say};
use crate::progress::Bar;

/// Fit what vectors weigh beside words when an index is asked by both, and keep it in the index.
///
/// Judged queries of DATA are asked by words and by vectors, and of the weights 0, 0.05, .. 1 that one is kept whose
/// blend has the greatest nDCG@10: on the dev split, or on train where there is no dev, at most 2,000 queries. Documents of
/// the index that DATA does not have are passed over. Until then the two rankings are fused by their ranks alone.
#[derive(Args)]
pub(crate) struct Fit {
    /// The index.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    /// Folder of the data set with the queries.
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    /// Where the index's model is now, if not where it was when the index was built.
    #[arg(long, value_name = "MODEL")]
    model: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What `--json` prints: nDCG@10 of each way to rank.
#[derive(Serialize)]
struct Done {
    split: &'static str,
    queries: usize,
    words: f64,
    vectors: f64,
    ranks: f64,
    weighted: f64,
    weight: f32,
}

/// Documents of a ranking that are blended, as when an index is asked.
const DEPTH: usize = 100;
/// Hits that the measure looks at, and a few more.
const LISTED: usize = 100;
/// Queries, at most.
const ASKED: usize = 2000;
/// What queries are drawn by, where there are more.
const SEED: u64 = 7;

/// The two rankings of each query of some pairs, and how good a blend of them is.
struct Measured<'a> {
    pairs: Pairs,
    judgements: &'a [Judgement],
    names: &'a NameTable<'a>,
    rankings: Vec<Rankings>,
}

impl Fit {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let data = Dataset::open(&self.data)?;
        let split = [Split::Dev, Split::Train].into_iter().find(|split| data.judgements(*split).is_some());
        let split = split.with_context(|| {
            format!(
                "data set `{}` has neither dev nor train judgements: a weight is fitted on such",
                data.name
            )
        })?;
        let mut editor = Editor::open(&self.index)?;
        let names = NameTable::of(&data);
        let measured = self.measured(editor.index(), &data, split, &names)?;
        let ndcg = |list: &dyn Fn(&Rankings) -> Vec<(DocIdx, f32)>| measured.ndcg(list);
        let (words, vectors) = (ndcg(&|both| both.words.clone())?, ndcg(&|both| both.vectors.clone())?);
        let id = |doc: DocIdx| names.names().docs[doc.at()];
        let ranks = ndcg(&|both| both.fused(LISTED, id))?;
        let Fitted { weight, measure } = fit(|weight| {
            // What can be measured by one weight can be by all.
            ndcg(&|both| both.weighted(LISTED, weight, id)).unwrap_or(0.0)
        });
        if words.max(vectors).max(measure) <= 0.0 {
            bail!(
                "nothing that is relevant in `{}` is found in {}, by words or by vectors: a weight would say nothing, and \
                 none was kept; name the data set that the index was built of",
                data.name,
                self.index.display()
            );
        }
        editor.set_weight(weight)?;
        let done = Done {
            split: split.name(),
            queries: measured.rankings.len(),
            words,
            vectors,
            ranks,
            weighted: measure,
            weight,
        };
        if self.json {
            return print_json(&done);
        }
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        print(&format!(
            "nDCG@10 on {} queries of {}\n  words     {:>7}\n  vectors   {:>7}\n  ranks     {:>7}\n  weighted  {:>7}  \
             vectors weigh {weight}",
            grouped(done.queries),
            done.split,
            percent(words),
            percent(vectors),
            percent(ranks),
            percent(measure)
        ))?;
        say(format_args!("kept in {}: search --by both ranks by it", self.index.display()));
        Ok(())
    }

    fn measured<'a>(
        &self,
        index: &Index,
        data: &'a Dataset,
        split: Split,
        names: &'a NameTable<'a>,
    ) -> anyhow::Result<Measured<'a>> {
        let pairs = data.pairs(split).unwrap_or_else(|| data.pairs_of(&[split]));
        let pairs = match pairs.n_queries() > ASKED {
            true => pairs.sample(ASKED, &mut stream(SEED, Purpose::Validation)),
            false => pairs,
        };
        if pairs.n_queries() == 0 {
            bail!("no query of the {split} split of `{}` has a relevant document", data.name);
        }
        let texts: Vec<&str> = pairs.queries().iter().map(|query| &*data.queries[query.at()].text).collect();
        let plain: Vec<Text<'_>> = texts.iter().map(|text| Text::plain(text)).collect();
        let queries = IndexModel::new(self.model.clone()).encode(index, Side::Query, &plain)?; // (queries, dim)
        let docs: HashMap<&str, DocIdx> = names.names().docs.iter().copied().zip((0..).map(DocIdx)).collect();
        let known = |hits: Vec<Hit>| -> Vec<(DocIdx, f32)> {
            hits.iter().filter_map(|hit| Some((*docs.get(&*hit.id)?, hit.score))).collect()
        };
        let vectors = index.exact().search(&queries, DEPTH, None)?;
        let bar = Bar::new("words", texts.len());
        let mut rankings = Vec::with_capacity(texts.len());
        for (text, vectors) in texts.iter().zip(vectors) {
            let words = known(index.by_words(text, DEPTH, None)?);
            rankings.push(Rankings { vectors: known(vectors), words });
            bar.at(rankings.len());
        }
        bar.clear();
        Ok(Measured { pairs, judgements: data.judgements(split).unwrap_or_default(), names, rankings })
    }
}

impl Measured<'_> {
    /// nDCG@10 of the lists that are made of the two rankings of each query.
    fn ndcg(&self, list: &dyn Fn(&Rankings) -> Vec<(DocIdx, f32)>) -> anyhow::Result<f64> {
        let lists = self.pairs.queries().iter().zip(&self.rankings);
        let run = Run::of_lists(lists.map(|(query, both): (&QueryIdx, _)| (*query, list(both))));
        let judge = Judge::Qrels(self.judgements);
        let truth = Truth { pairs: &self.pairs, judge, names: self.names.names() };
        Ok(evaluate_run(&run, &truth)?.ranking.ndcg_at_10)
    }
}
