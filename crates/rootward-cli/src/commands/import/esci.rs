//! `rootward import esci`.

use clap::{Args, ValueEnum};
use rootward_import::{EsciOptions, EsciVersion, Products, esci};

use super::FromTo;

/// The shopping queries data set: queries and products with four grades of relevance.
///
/// SRC is the folder with shopping_queries_dataset_examples.parquet and shopping_queries_dataset_products.parquet. An
/// exact product is graded 2, a substitute 1, a complement 0, an irrelevant one -1; above 0 is relevant, and without a
/// hierarchy a substitute is at distance 1.
#[derive(Args)]
#[command(after_help = "Example:\n  rootward import esci shopping_queries_dataset --locale us --out esci")]
pub(crate) struct Esci {
    #[command(flatten)]
    files: FromTo,
    /// Marketplace: us, es or jp.
    #[arg(long, value_name = "LOCALE", default_value = "us")]
    locale: String,
    /// Which queries: the harder ones, or all.
    #[arg(long, value_name = "VERSION", default_value = "small")]
    version: Version,
    /// Take every product of the marketplace, not only those that are judged.
    #[arg(long)]
    all_products: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Version {
    Small,
    Large,
}

impl Esci {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let version = match self.version {
            Version::Small => EsciVersion::Small,
            Version::Large => EsciVersion::Large,
        };
        let products = if self.all_products { Products::All } else { Products::Judged };
        let options = EsciOptions { locale: self.locale, version, products };
        self.files.run(|source| esci(source, &options))
    }
}
