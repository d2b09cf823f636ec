//! The measures of a whole evaluation: for programs as JSON, for people as a table, and query by query as a file.
//!
//! Means are taken over the queries in their order, so that they come out the same on any number of threads.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::Path;

use serde::{Serialize, Serializer};

use super::measures::{QueryResult, RankingMeasures, ratio};
use super::order::Names;
use crate::digits::grouped;
use crate::files::{WriteError, write_aside};
use crate::pairs::{Pairs, Relevant};

/// How many of a number of things were found; written as their ratio, 0 where there was nothing to find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Those found.
    pub found: usize,
    /// Those there are.
    pub of: usize,
}

impl Share {
    /// The ratio of the two, from 0 to 1.
    pub fn value(self) -> f64 {
        if self.of == 0 { 0.0 } else { ratio(self.found, self.of) }
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.value())
    }
}

/// How well a ranking of the whole corpus answers all queries.
///
/// As JSON it has the keys that `rootward eval --json` prints; [`fmt::Display`] is the table for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// How many queries there are.
    pub queries: usize,
    /// How many pairs of a query and a document of its S(q) there are.
    pub pairs: usize,
    /// The pairs at each distance whose document is among the first |S(q)| of the whole corpus.
    pub recall_by_distance: BTreeMap<u32, Share>,
    /// The same of all pairs.
    pub recall: Share,
    /// The queries whose first |S(q)| are S(q).
    pub exact_sets: Share,
    /// Means over the queries with a document judged relevant.
    #[serde(flatten)]
    pub ranking: RankingMeasures,
    /// Queries without a document judged relevant, which the ranking measures leave out.
    #[serde(skip)]
    pub left_out: usize,
    /// What became of each query, in the order of the pairs.
    #[serde(skip)]
    pub per_query: Vec<QueryResult>,
}

impl Evaluation {
    /// All queries taken together.
    pub(crate) fn of(pairs: &Pairs, per_query: Vec<QueryResult>) -> Self {
        let mut recall_by_distance: BTreeMap<u32, Share> = BTreeMap::new();
        for pair in pairs.all() {
            let share = recall_by_distance.entry(pair.distance).or_default();
            share.of += 1;
            share.found += 1;
        }
        for missed in per_query.iter().flat_map(|query| &query.missed) {
            recall_by_distance.entry(missed.distance).and_modify(|share| share.found -= 1);
        }
        let found = recall_by_distance.values().map(|share| share.found).sum();
        let judged: Vec<RankingMeasures> = per_query.iter().filter_map(|query| query.ranking).collect();
        let n_exact = per_query.iter().filter(|query| query.is_exact()).count();
        Evaluation {
            queries: per_query.len(),
            pairs: pairs.n_pairs(),
            recall_by_distance,
            recall: Share { found, of: pairs.n_pairs() },
            exact_sets: Share { found: n_exact, of: per_query.len() },
            ranking: mean(&judged),
            left_out: per_query.len() - judged.len(),
            per_query,
        }
    }
}

/// The mean of each measure; 0 where there is nothing to take it of.
fn mean(all: &[RankingMeasures]) -> RankingMeasures {
    let mean_of =
        |measure: fn(&RankingMeasures) -> f64| all.iter().map(measure).sum::<f64>() / all.len().max(1) as f64;
    RankingMeasures {
        ndcg_at_10: mean_of(|m| m.ndcg_at_10),
        recall_at_1: mean_of(|m| m.recall_at_1),
        recall_at_10: mean_of(|m| m.recall_at_10),
        recall_at_100: mean_of(|m| m.recall_at_100),
        mrr_at_10: mean_of(|m| m.mrr_at_10),
        map: mean_of(|m| m.map),
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Found among the first |S(q)| of the whole corpus:")?;
        writeln!(f, "  {:<10} {:>11} {:>11} {:>8}", "distance", "found", "of", "recall")?;
        for (distance, share) in &self.recall_by_distance {
            line(f, &distance.to_string(), *share)?;
        }
        line(f, "all pairs", self.recall)?;
        line(f, "whole sets", self.exact_sets)?;
        let m = &self.ranking;
        let (judged, all) = (grouped(self.queries - self.left_out), grouped(self.queries));
        writeln!(
            f,
            "\nRanking measures, mean over the {judged} of {all} queries with a relevant judgement:"
        )?;
        writeln!(f, "  ndcg@10    recall@1   recall@10  recall@100 mrr@10     map")?;
        for value in [m.ndcg_at_10, m.recall_at_1, m.recall_at_10, m.recall_at_100, m.mrr_at_10] {
            write!(f, "  {value:<9.4}")?;
        }
        write!(f, "  {:.4}", m.map)
    }
}

/// One line of the table of shares.
fn line(f: &mut fmt::Formatter<'_>, name: &str, share: Share) -> fmt::Result {
    let (found, of, percent) = (grouped(share.found), grouped(share.of), 100.0 * share.value());
    writeln!(f, "  {name:<10} {found:>11} {of:>11} {percent:>7.1}%")
}

/// Writes what became of each query: a header line, then one row of tab-separated values for each.
///
/// The last column lists the documents that were missed as `distance:id`, nearest first, with blanks between them.
/// The ranking measures of a query without a document judged relevant are left empty.
///
/// # Errors
/// When the file cannot be written.
pub fn write_per_query(path: &Path, evaluation: &Evaluation, names: &Names<'_>) -> Result<(), WriteError> {
    write_aside(path, |file| {
        writeln!(file, "query\tset_size\trecall\texact\tndcg@10\trecall@10\tmrr@10\tmap\tmissed")?;
        for result in &evaluation.per_query {
            let id = names.queries[result.query.at()];
            write!(
                file,
                "{id}\t{}\t{:.6}\t{}",
                result.set_size,
                result.recall(),
                u8::from(result.is_exact())
            )?;
            match &result.ranking {
                Some(m) => {
                    let (ndcg, recall, mrr, map) = (m.ndcg_at_10, m.recall_at_10, m.mrr_at_10, m.map);
                    write!(file, "\t{ndcg:.6}\t{recall:.6}\t{mrr:.6}\t{map:.6}")?;
                }
                None => write!(file, "\t\t\t\t")?,
            }
            let missed = |pair: &Relevant| format!("{}:{}", pair.distance, names.docs[pair.doc.at()]);
            let missed: Vec<String> = result.missed.iter().map(missed).collect();
            writeln!(file, "\t{}", missed.join(" "))?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::hierarchy::{Edge, Hierarchy};
    use crate::ids::{DocIdx, QueryIdx};

    /// dog → canine → animal; the first query finds all but animal, nothing is judged for the second.
    fn small() -> Evaluation {
        let edges =
            [(0, 1), (1, 2)].map(|(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) });
        let hierarchy = Hierarchy::new(1203, &edges).unwrap();
        let exact = [(QueryIdx(0), vec![DocIdx(0)]), (QueryIdx(1), vec![DocIdx(2)])];
        let missed = vec![Relevant { distance: 2, doc: DocIdx(2) }];
        let ranking = RankingMeasures { ndcg_at_10: 0.5, recall_at_10: 1.0, map: 0.25, ..Default::default() };
        let per_query = vec![
            QueryResult {
                query: QueryIdx(0),
                set_size: 3,
                missed,
                false_hits: vec![DocIdx(3)],
                ranking: Some(ranking),
            },
            QueryResult {
                query: QueryIdx(1),
                set_size: 1,
                missed: Vec::new(),
                false_hits: Vec::new(),
                ranking: None,
            },
        ];
        Evaluation::of(&Pairs::of_exact_matches(&exact, &hierarchy), per_query)
    }

    #[test]
    fn json_has_the_documented_keys_in_their_order() {
        let found = serde_json::to_string_pretty(&small()).unwrap();
        expect![[r#"
            {
              "queries": 2,
              "pairs": 4,
              "recall_by_distance": {
                "0": 1.0,
                "1": 1.0,
                "2": 0.0
              },
              "recall": 0.75,
              "exact_sets": 0.5,
              "ndcg@10": 0.5,
              "recall@1": 0.0,
              "recall@10": 1.0,
              "recall@100": 0.0,
              "mrr@10": 0.0,
              "map": 0.25
            }"#]]
        .assert_eq(&found);
    }

    #[test]
    fn people_get_a_table() {
        let found = small().to_string();
        expect![[r#"
            Found among the first |S(q)| of the whole corpus:
              distance         found          of   recall
              0                    2           2   100.0%
              1                    1           1   100.0%
              2                    0           1     0.0%
              all pairs            3           4    75.0%
              whole sets           1           2    50.0%

            Ranking measures, mean over the 1 of 2 queries with a relevant judgement:
              ndcg@10    recall@1   recall@10  recall@100 mrr@10     map
              0.5000     0.0000     1.0000     0.0000     0.0000     0.2500"#]]
        .assert_eq(&found);
    }

    #[test]
    fn each_query_gets_a_row_with_what_it_missed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("queries.tsv");
        let names =
            Names { queries: &["a dog", "q2"], docs: &["dog", "canine", "animal"], tie_order: &[0, 1, 2] };
        write_per_query(&path, &small(), &names).unwrap();
        let found = std::fs::read_to_string(path).unwrap();
        expect![[r#"
            query	set_size	recall	exact	ndcg@10	recall@10	mrr@10	map	missed
            a dog	3	0.666667	0	0.500000	1.000000	0.000000	0.250000	2:animal
            q2	1	1.000000	1					
        "#]]
        .assert_eq(&found);
    }

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        assert_eq!(
            [0, 999, 1000, 743_241, 1_000_000].map(grouped),
            ["0", "999", "1,000", "743,241", "1,000,000"]
        );
    }
}
