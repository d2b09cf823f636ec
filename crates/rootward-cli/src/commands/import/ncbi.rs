//! `rootward import ncbi`.

use clap::Args;
use rootward_import::ncbi;

use super::FromTo;

/// The taxonomy of the NCBI: taxa under the groups that they belong to.
///
/// SRC is the folder that holds nodes.dmp and names.dmp, or taxdmp.zip. Unpack a taxdump.tar.gz first.
#[derive(Args)]
pub(crate) struct Ncbi {
    #[command(flatten)]
    files: FromTo,
}

impl Ncbi {
    pub(super) fn run(self) -> anyhow::Result<()> {
        self.files.run(ncbi)
    }
}
