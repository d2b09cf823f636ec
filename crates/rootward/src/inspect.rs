//! What a data set is, in numbers: its size, the shape of its hierarchy, and how hard it is to learn.
//!
//! Everything here is counted, nothing is estimated, except for [`Dimension`], which is a bound from theory.

use std::fmt;

use serde::Serialize;

use crate::dataset::{Dataset, Split};
use crate::digits::grouped;
use crate::hierarchy::Hierarchy;
use crate::ids::DocIdx;
use crate::pairs::Pairs;

/// What [`inspect`] found. As JSON its keys are the names of the fields.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// The data set's name.
    pub name: String,
    /// Documents.
    pub documents: usize,
    /// Queries; the documents once more where the data set is closed.
    pub queries: usize,
    /// Whether every document is its own query.
    pub closed: bool,
    /// Judgements in each split.
    pub judgements: JudgementCounts,
    /// The shape of the hierarchy.
    pub hierarchy: Shape,
    /// What the queries of train and test should retrieve.
    pub relevant: RelevantSets,
    /// How many numbers a vector needs at most, from theory; `None` where no query has anything to retrieve.
    pub dimension: Option<Dimension>,
}

/// Judgements in each split; `None` for a split that is not there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JudgementCounts {
    /// To learn from.
    pub train: Option<usize>,
    /// To choose by.
    pub dev: Option<usize>,
    /// To report.
    pub test: Option<usize>,
}

/// The shape of a hierarchy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shape {
    /// Edges from a child to a parent.
    pub edges: usize,
    /// Documents without a parent.
    pub roots: usize,
    /// Names of the first few roots.
    pub root_titles: Vec<String>,
    /// Documents without a child.
    pub leaves: usize,
    /// Documents with neither, which are roots and leaves.
    pub isolated: usize,
    /// Documents with more than one parent.
    pub several_parents: usize,
    /// Pairs of a document and another above it, at any distance.
    pub strict_ancestor_pairs: usize,
    /// The greatest number of edges on the shortest way from a document up to a root.
    pub max_depth: u32,
    /// The mean of that number, over all documents.
    pub mean_depth: f64,
    /// The greatest number of children of a document.
    pub max_fan_out: usize,
    /// The name of the first document with that many, if any has a child.
    pub widest: Option<String>,
    /// The mean number of children, over the documents that have any; 0 where none has.
    pub mean_fan_out: f64,
}

/// The relevant sets S(q) of all queries of train and test together  [HR §2].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RelevantSets {
    /// Queries with an exact match.
    pub queries: usize,
    /// Pairs of such a query and a relevant document.
    pub pairs: usize,
    /// The mean of |S(q)|; 0 where there is no query.
    pub mean: f64,
    /// The greatest |S(q)|.
    pub max: usize,
    /// Pairs at distance 0, 1, 2, ... from the nearest exact match.
    pub by_distance: Vec<usize>,
}

/// An upper bound on the dimension in which vectors exist that retrieve every relevant set.
///
/// There a query's vector as the sum of random vectors of its relevant documents does so with high probability:
/// O(s log m) for sets of at most `s` among `m` documents  [HR, theorem]. The constants, for `n` queries, are ours.
/// Learned vectors need fewer numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Dimension {
    /// `4 s ln(n m)`: each query's relevant documents come before all others.
    pub each_query: usize,
    /// `8 s ln(n m)`: one score parts the relevant from the others for all queries at once.
    pub one_threshold: usize,
}

/// Counts a data set.
pub fn inspect(dataset: &Dataset) -> Inspection {
    let judged = |split| dataset.judgements(split).map(<[_]>::len);
    let pairs = dataset.pairs_of(&[Split::Train, Split::Test]);
    Inspection {
        name: dataset.name.clone(),
        documents: dataset.docs.len(),
        queries: dataset.queries.len(),
        closed: dataset.is_closed(),
        judgements: JudgementCounts {
            train: judged(Split::Train),
            dev: judged(Split::Dev),
            test: judged(Split::Test),
        },
        hierarchy: shape(dataset),
        dimension: Dimension::of(&pairs, dataset.docs.len()),
        relevant: relevant_sets(&pairs),
    }
}

fn shape(dataset: &Dataset) -> Shape {
    /// Enough to recognise a hierarchy by.
    const ROOTS_NAMED: usize = 5;
    let hierarchy: &Hierarchy = &dataset.hierarchy;
    let docs = hierarchy.topological();
    let name = |doc: DocIdx| {
        let doc = &dataset.docs[doc.at()];
        if doc.title.is_empty() { doc.id.clone() } else { doc.title.clone() }
    };
    let depths = || docs.iter().map(|doc| hierarchy.depth(*doc));
    let fan_out = |doc: DocIdx| hierarchy.children(doc).len();
    let max_fan_out = docs.iter().map(|doc| fan_out(*doc)).max().unwrap_or(0);
    let widest = docs.iter().copied().filter(|doc| fan_out(*doc) == max_fan_out && max_fan_out > 0).min();
    let leaves = hierarchy.leaves().count();
    Shape {
        edges: hierarchy.n_edges(),
        roots: hierarchy.roots().count(),
        root_titles: hierarchy.roots().take(ROOTS_NAMED).map(name).collect(),
        leaves,
        isolated: hierarchy.leaves().filter(|doc| hierarchy.parents(*doc).is_empty()).count(),
        several_parents: docs.iter().filter(|doc| hierarchy.parents(**doc).len() > 1).count(),
        strict_ancestor_pairs: hierarchy.n_ancestor_pairs() - docs.len(),
        max_depth: depths().max().unwrap_or(0),
        mean_depth: mean(depths().map(|depth| depth as usize).sum(), docs.len()),
        max_fan_out,
        widest: widest.map(name),
        mean_fan_out: mean(hierarchy.n_edges(), docs.len() - leaves),
    }
}

fn relevant_sets(pairs: &Pairs) -> RelevantSets {
    RelevantSets {
        queries: pairs.n_queries(),
        pairs: pairs.n_pairs(),
        mean: mean(pairs.n_pairs(), pairs.n_queries()),
        max: pairs.largest_set(),
        by_distance: pairs.by_distance(),
    }
}

impl Dimension {
    /// The bound for these queries over so many documents; `None` where nothing is relevant to any.
    pub fn of(pairs: &Pairs, n_docs: usize) -> Option<Self> {
        let largest_set = pairs.largest_set();
        if largest_set == 0 {
            return None;
        }
        // Logarithms apart, because the product of two large counts may not fit.
        let log_pairs = (pairs.n_queries() as f64).ln() + (n_docs as f64).ln();
        let at_least = |factor: f64| (factor * largest_set as f64 * log_pairs).ceil() as usize;
        Some(Dimension { each_query: at_least(4.0), one_threshold: at_least(8.0) })
    }
}

/// 0 where there is nothing to take the mean of.
fn mean(sum: usize, count: usize) -> f64 {
    if count == 0 { 0.0 } else { sum as f64 / count as f64 }
}

impl fmt::Display for Inspection {
    /// A page for people; it may change, the JSON does not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.name)?;
        row(f, "documents", grouped(self.documents))?;
        let each_its_own = if self.closed { "  (each document is its own query)" } else { "" };
        row(f, "queries", format!("{}{each_its_own}", grouped(self.queries)))?;
        let JudgementCounts { train, dev, test } = self.judgements;
        for (split, count) in Split::ALL.into_iter().zip([train, dev, test]) {
            if let Some(count) = count {
                row(f, &format!("{split} judgements"), grouped(count))?;
            }
        }
        writeln!(f, "\nhierarchy")?;
        self.hierarchy.fmt(f)?;
        writeln!(f, "\nrelevant documents (exact matches and their ancestors, train and test together)")?;
        self.relevant.fmt(f)?;
        if let Some(Dimension { each_query, one_threshold }) = self.dimension {
            writeln!(
                f,
                "\ndimension in which random vectors suffice (an upper bound; learned ones need less)"
            )?;
            row(f, "each query ranked right", grouped(each_query))?;
            row(f, "one threshold for all", grouped(one_threshold))?;
        }
        Ok(())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        row(f, "edges", grouped(self.edges))?;
        if self.edges == 0 {
            return Ok(());
        }
        let more = if self.roots > self.root_titles.len() { ", …" } else { "" };
        row(f, "roots", format!("{}  ({}{more})", grouped(self.roots), self.root_titles.join(", ")))?;
        row(f, "leaves", grouped(self.leaves))?;
        row(f, "without any edge", grouped(self.isolated))?;
        row(f, "with several parents", grouped(self.several_parents))?;
        row(f, "pairs with an ancestor", grouped(self.strict_ancestor_pairs))?;
        row(f, "steps to nearest root", format!("mean {:.2}, most {}", self.mean_depth, self.max_depth))?;
        let widest = self.widest.as_deref().unwrap_or_default();
        let most = format!("mean {:.2}, most {} ({widest})", self.mean_fan_out, grouped(self.max_fan_out));
        row(f, "children of a parent", most)
    }
}

impl fmt::Display for RelevantSets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        row(f, "queries", grouped(self.queries))?;
        row(f, "pairs", grouped(self.pairs))?;
        row(f, "documents for a query", format!("mean {:.2}, most {}", self.mean, self.max))?;
        let most = self.by_distance.iter().copied().max().unwrap_or(0);
        for (distance, count) in self.by_distance.iter().enumerate() {
            writeln!(f, "  distance {distance:>3} {:>13}  {}", grouped(*count), bar(*count, most))?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, value: impl fmt::Display) -> fmt::Result {
    writeln!(f, "  {name:<24} {value}")
}

/// A bar as long as `count` is next to `most`, in eighths of a character; a count above 0 always shows.
fn bar(count: usize, most: usize) -> String {
    const WIDTH: usize = 40;
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if count == 0 {
        return String::new();
    }
    let eighths = ((count as f64 / most as f64 * (8 * WIDTH) as f64).round() as usize).max(1);
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use expect_test::expect;

    use super::*;
    use crate::dataset::{Document, Judgement, Judgements, Query};
    use crate::hierarchy::Edge;
    use crate::ids::QueryIdx;

    /// Documents of these titles, with `(child, parent)` edges.
    fn closed(titles: &[&str], edges: &[(u32, u32)]) -> Dataset {
        let doc = |(i, title): (usize, &&str)| Document {
            id: format!("d{i}"),
            title: (*title).to_owned(),
            text: String::new(),
            synonyms: Vec::new(),
        };
        let edge = |&(child, parent)| Edge { child: DocIdx(child), parent: DocIdx(parent) };
        let edges: Vec<Edge> = edges.iter().map(edge).collect();
        let docs: Vec<Document> = titles.iter().enumerate().map(doc).collect();
        let hierarchy = Hierarchy::new(docs.len(), &edges).unwrap();
        Dataset::closed("small".to_owned(), docs, hierarchy)
    }

    fn wordnet() -> Dataset {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/wordnet-nouns");
        Dataset::open(&folder).unwrap()
    }

    #[test]
    fn the_nouns_of_wordnet_have_the_numbers_of_the_paper() {
        let found = inspect(&wordnet());
        let shape = &found.hierarchy;
        assert_eq!((&*found.name, found.documents, shape.edges), ("wordnet-nouns", 82_115, 84_427));
        assert_eq!((shape.roots, &shape.root_titles[..]), (1, &["entity".to_owned()][..]));
        assert_eq!((shape.strict_ancestor_pairs, found.relevant.max), (743_241, 35));
        assert_eq!(format!("{:.2}", found.relevant.mean), "10.05");
        let near = [82_115, 84_427, 87_475, 91_076, 95_203, 95_691, 89_073, 74_559, 50_947];
        assert_eq!(found.relevant.by_distance[..9], near);
        assert_eq!(found.dimension, Some(Dimension { each_query: 3_169, one_threshold: 6_337 }));
    }

    #[test]
    fn the_page_shows_the_numbers_and_a_bar_for_each_distance() {
        let small = closed(&["animal", "dog", "cat", "", "stone"], &[(1, 0), (2, 0), (3, 1), (3, 2)]);
        expect![[r#"
            small

              documents                5
              queries                  5  (each document is its own query)
              train judgements         5
              test judgements          5

            hierarchy
              edges                    4
              roots                    2  (animal, stone)
              leaves                   2
              without any edge         1
              with several parents     1
              pairs with an ancestor   5
              steps to nearest root    mean 0.80, most 2
              children of a parent     mean 1.33, most 2 (animal)

            relevant documents (exact matches and their ancestors, train and test together)
              queries                  5
              pairs                    10
              documents for a query    mean 2.00, most 4
              distance   0             5  ████████████████████████████████████████
              distance   1             4  ████████████████████████████████
              distance   2             1  ████████

            dimension in which random vectors suffice (an upper bound; learned ones need less)
              each query ranked right  52
              one threshold for all    104
        "#]]
        .assert_eq(&inspect(&small).to_string());
    }

    #[test]
    fn the_keys_of_the_json_are_stable() {
        expect![[r#"
            {
              "name": "small",
              "documents": 2,
              "queries": 2,
              "closed": true,
              "judgements": {
                "train": 2,
                "dev": null,
                "test": 2
              },
              "hierarchy": {
                "edges": 1,
                "roots": 1,
                "root_titles": [
                  "a"
                ],
                "leaves": 1,
                "isolated": 0,
                "several_parents": 0,
                "strict_ancestor_pairs": 1,
                "max_depth": 1,
                "mean_depth": 0.5,
                "max_fan_out": 1,
                "widest": "a",
                "mean_fan_out": 1.0
              },
              "relevant": {
                "queries": 2,
                "pairs": 3,
                "mean": 1.5,
                "max": 2,
                "by_distance": [
                  2,
                  1
                ]
              },
              "dimension": {
                "each_query": 12,
                "one_threshold": 23
              }
            }"#]]
        .assert_eq(&serde_json::to_string_pretty(&inspect(&closed(&["a", "b"], &[(1, 0)]))).unwrap());
    }

    #[test]
    fn a_query_of_train_and_test_is_counted_once() {
        let docs = closed(&["a", "b"], &[(1, 0)]);
        let query = Query::new("q", "?");
        let match_of = |doc, grade| Some(vec![Judgement { query: QueryIdx(0), doc: DocIdx(doc), grade }]);
        let judgements = Judgements { train: match_of(1, 1), dev: match_of(0, 0), test: match_of(0, 2) };
        let judged = Dataset::judged(docs.name, docs.docs, docs.hierarchy, vec![query], judgements);
        let relevant = inspect(&judged).relevant;
        assert_eq!((relevant.queries, relevant.pairs, &relevant.by_distance[..]), (1, 2, &[2][..]));
        assert_eq!(judged.pairs(Split::Dev).map(|pairs| pairs.n_queries()), Some(0));
    }

    #[test]
    fn a_data_set_in_which_nothing_is_relevant_has_no_dimension() {
        let docs = closed(&["a"], &[]);
        let judged = Dataset::judged(docs.name, docs.docs, docs.hierarchy, Vec::new(), Judgements::default());
        let found = inspect(&judged);
        assert_eq!((found.dimension, found.hierarchy.widest, found.relevant.mean), (None, None, 0.0));
    }

    #[test]
    fn counts_are_grouped_and_bars_are_in_proportion() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1, 2, 3].map(|count| bar(count, 1_000)), ["", "▏", "▏", "▏"]);
        assert_eq!((bar(5, 10), bar(10, 10).chars().count()), ("█".repeat(20), 40));
    }
}
