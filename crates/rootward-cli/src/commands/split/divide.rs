//! Dividing the queries of a data set into train, dev and test.

use std::path::PathBuf;

use anyhow::bail;
use rootward::dataset::{Compress, Dataset};
use rootward::splits::{By, Counts, Division, Shares, Together, divide, take_leaves_out};
use serde::Serialize;

use super::{GroupBy, Split};
use crate::output::{print, print_json, say};

/// The share of dev and of test where none was asked for.
const TENTH: f64 = 0.1;

/// What `--json` prints.
#[derive(Serialize)]
struct Done {
    out: PathBuf,
    #[serde(flatten)]
    counts: Counts,
}

impl Split {
    /// Writes the same data set with other splits.
    pub(super) fn divide(self, data: &Dataset, by: super::By) -> anyhow::Result<()> {
        if self.group_by.is_some() && by != super::By::Group {
            bail!("--group-by says what makes a group: it goes with --by group only");
        }
        if self.depth.is_some() && by != super::By::Subtree {
            bail!("--depth says where subtrees begin: it goes with --by subtree only");
        }
        let by = match by {
            super::By::Query => By::Query,
            super::By::Group => By::Group(match self.group_by {
                None => Together::Key,
                Some(GroupBy::Document) => Together::Document,
                Some(GroupBy::Parent) => Together::Parent,
            }),
            super::By::Node => By::Node,
            super::By::Subtree => By::Subtree { depth: self.depth },
        };
        let division = divide(data, by, self.shares(), self.seed)?;
        self.finish(division)
    }

    pub(super) fn take_leaves_out(self, data: &Dataset) -> anyhow::Result<()> {
        let division = take_leaves_out(data, self.shares(), self.seed)?;
        self.finish(division)
    }

    fn shares(&self) -> Shares {
        Shares { dev: self.dev.unwrap_or(TENTH), test: self.test.unwrap_or(TENTH) }
    }

    /// Writes the data set and says what fell where.
    fn finish(self, division: Division) -> anyhow::Result<()> {
        let Division { data: divided, counts } = division;
        divided.write(&self.out, Compress::None)?;
        if self.json {
            return print_json(&Done { out: self.out, counts });
        }
        print(&counts.to_string())?;
        let all: usize = counts.splits.iter().map(|part| part.queries).sum();
        for part in &counts.splits {
            let asked = part.share * all as f64;
            if (part.queries as f64) < asked / 2.0 {
                say(format_args!(
                    "note: {} has {} queries where {asked:.0} were asked for, because {} stay together: --by query, or a \
                     greater --depth, makes smaller units",
                    part.split, part.queries, counts.largest_unit
                ));
            }
        }
        say(format_args!("wrote {}", self.out.display()));
        say(format_args!("next: rootward inspect {}", self.out.display()));
        Ok(())
    }
}
