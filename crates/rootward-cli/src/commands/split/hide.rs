//! Hiding pairs of a hierarchy in which each document is its own query.

use std::path::PathBuf;

use anyhow::bail;
use rootward::dataset::{Compress, Dataset};
use rootward::held_out::{FILE, Given, Hide, hide};
use serde::Serialize;

use super::Split;
use crate::output::{print_json, say};

/// What `--json` prints.
#[derive(Serialize)]
struct Done {
    out: PathBuf,
    given: usize,
    hidden: usize,
}

impl Split {
    /// Writes the data set with fewer pairs, and all pairs beside it.
    pub(super) fn hide(self, data: &Dataset) -> anyhow::Result<()> {
        if !data.is_closed() {
            bail!(
                "`{}` has queries of its own: divide them with --by query, group, node or subtree; pairs are hidden \
                 where each document is its own query",
                data.name
            );
        }
        let what = match (self.pairs, self.queries) {
            (Some(share), _) => Hide::Pairs(share),
            (None, Some(share)) => Hide::Queries(share),
            (None, None) => Hide::AllButEdges,
        };
        let given = if self.flat { Given::Judgements } else { Given::Edges };
        let (left, held_out) = hide(data, what, given, self.seed);
        left.write(&self.out, Compress::None)?;
        held_out.write(&self.out.join(FILE), data)?;
        let hidden = held_out.n_hidden();
        let given = held_out.pairs.n_pairs() - held_out.pairs.n_queries() - hidden;
        if self.json {
            return print_json(&Done { out: self.out, given, hidden });
        }
        say(format_args!("{given} pairs are left in {}, {hidden} are hidden", self.out.display()));
        Ok(())
    }
}
