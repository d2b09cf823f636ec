//! The shopping queries data set: products, and queries with four grades of relevance, as two parquet files.
//!
//! The judgements are read first, so that of the products, which are many, only those are held that are needed.

use rootward::dataset::{DataError, Document, Fault, Query, excerpt};

use crate::draft::{Draft, Imported, Undefined};
use crate::judged::split_of;
use crate::source::Source;
use crate::table::{Delimiter, Header, Table, TableOptions, Wanted};

/// Which part of the data set is read.
#[derive(Clone, Debug)]
pub struct EsciOptions {
    /// The marketplace: `us`, `es` or `jp`.
    pub locale: String,
    /// How many of the queries.
    pub version: EsciVersion,
    /// Which of the products.
    pub products: Products,
}

/// Which queries of the shopping queries data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EsciVersion {
    /// The harder queries, that the ranking task is about.
    Small,
    /// All of them.
    Large,
}

/// Which products become documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Products {
    /// Those that are judged.
    Judged,
    /// All of the locale.
    All,
}

/// Reads the shopping queries data set: the folder with its two parquet files.
///
/// A document is a product of the locale: its title is the product's, its text the bullet points, the description, the
/// brand and the colour. Grades are 2 for exact, 1 for a substitute, 0 for a complement and -1 for an irrelevant
/// product, so that without a hierarchy a substitute is at distance 1.
///
/// # Errors
/// When a file or a column is missing or damaged, and at the first row that does not follow the format.
pub fn esci(source: &Source<'_>, options: &EsciOptions) -> Result<Imported, DataError> {
    let examples = table(source, "shopping_queries_dataset_examples.parquet")?;
    let mut draft = Draft::new(examples.name());
    read_examples(examples, options, &mut draft)?;
    let products = table(source, "shopping_queries_dataset_products.parquet")?;
    draft.reads(products.name());
    read_products(products, options, &mut draft)?;
    draft.finish(Undefined::LeaveOut)
}

fn table<'a>(source: &Source<'a>, name: &str) -> Result<Table<'a>, DataError> {
    let file = source.inside(name);
    if !file.path().is_file() {
        let remedy =
            "name the folder that holds the examples and the products of the shopping queries data set";
        return Err(DataError::Lacks { path: source.path().to_owned(), what: name.to_owned(), remedy });
    }
    let options = TableOptions { delimiter: Delimiter::Is(b','), header: Header::Present };
    Table::open(&file, options, &[])
}

/// The places of columns by their names.
fn columns<const N: usize>(table: &Table<'_>, names: [&str; N]) -> Result<[Option<usize>; N], DataError> {
    let mut places = [None; N];
    for (place, name) in places.iter_mut().zip(names) {
        *place = Some(table.needed(Wanted { asked: None, names: &[name], place: None })?);
    }
    Ok(places)
}

fn read_examples(table: Table<'_>, options: &EsciOptions, draft: &mut Draft) -> Result<(), DataError> {
    let version = match options.version {
        EsciVersion::Small => "small_version",
        EsciVersion::Large => "large_version",
    };
    let names = ["query_id", "query", "product_id", "product_locale", "esci_label", "split", version];
    let places = columns(&table, names)?;
    let name = table.name().to_owned();
    let mut n_read = 0;
    table.each(places, |[query, text, product, locale, label, split, is_in], row| {
        if locale != options.locale || is_in != "1" {
            return Ok(());
        }
        n_read += 1;
        match draft.query_of(query) {
            None => draft.query(Query::new(query, text), row)?,
            Some(known) if known.text == text => {}
            Some(_) => {
                let found = excerpt(text);
                return Err(Fault::Field { expected: "the text that the query has above", found });
            }
        }
        draft.judge(split_of(split)?, (query, product), grade(label)?, row)
    })?;
    if n_read == 0 {
        let what = format!("judgement for the locale `{}` in the {version}", excerpt(&options.locale));
        let remedy = "name a locale that it has: us, es or jp";
        return Err(DataError::Lacks { path: name, what, remedy });
    }
    Ok(())
}

fn grade(label: &str) -> Result<i32, Fault> {
    match label.to_ascii_lowercase().as_str() {
        "e" | "exact" => Ok(2),
        "s" | "substitute" => Ok(1),
        "c" | "complement" => Ok(0),
        "i" | "irrelevant" => Ok(-1),
        _ => Err(Fault::Field { expected: "one of the labels E, S, C and I", found: excerpt(label) }),
    }
}

fn read_products(table: Table<'_>, options: &EsciOptions, draft: &mut Draft) -> Result<(), DataError> {
    let names = [
        "product_id",
        "product_locale",
        "product_title",
        "product_bullet_point",
        "product_description",
        "product_brand",
        "product_color",
    ];
    let places = columns(&table, names)?;
    table.each(places, |[id, locale, title, parts @ ..], row| {
        let is_wanted = options.products == Products::All || draft.is_named(id);
        if locale != options.locale || !is_wanted {
            return Ok(());
        }
        let parts: [&str; 4] = parts;
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let text = parts.join("\n");
        draft
            .doc(Document { id: id.to_owned(), title: title.to_owned(), text, synonyms: Vec::new() }, row)?;
        Ok(())
    })
}
