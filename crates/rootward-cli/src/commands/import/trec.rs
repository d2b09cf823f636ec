//! `rootward import trec`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rootward::dataset::Split;
use rootward_import::{Grades, TrecFiles, TrecOptions, trec};

use super::To;

/// A test collection of TREC or SMART: documents, topics and judgements.
///
/// Documents and topics are SGML (<DOC>, <top>), SMART's .I .T .W, or a table with tabs: id, text and, if you like,
/// title. Judgements are `query 0 document grade`, or without the 0. A query is the title of its topic.
#[derive(Args)]
#[command(
    after_help = "Example, the original files of Cranfield, where 1 is the best grade and 4 the least:\n  rootward import \
                  trec --corpus cran.all.1400 --topics cran.qry --qrels cranqrel --topic-ids position --grades \
                  1=4,2=3,3=2,4=1,-1=0 --out cranfield"
)]
pub(crate) struct Trec {
    /// The documents.
    #[arg(long, value_name = "FILE")]
    corpus: PathBuf,
    /// The queries.
    #[arg(long, value_name = "FILE")]
    topics: PathBuf,
    /// The judgements, and which split they are: train, dev or test, which is taken where none is named. May be given
    /// several times.
    #[arg(long, value_name = "[SPLIT=]FILE", required = true, value_parser = qrels)]
    qrels: Vec<(Split, PathBuf)>,
    /// What judgements mean by the number of a topic; must be said only of SMART topics not numbered 1, 2, 3.
    #[arg(long, value_name = "WHAT")]
    topic_ids: Option<TopicIds>,
    /// What grades are worth, such as 1=4,2=3: above 0 is relevant, and the greatest is the best.
    #[arg(long, value_name = "GRADE=N,..", allow_hyphen_values = true)]
    grades: Option<Grades>,
    #[command(flatten)]
    to: To,
}

#[derive(Clone, Copy, ValueEnum)]
enum TopicIds {
    /// The number that the topic has.
    Given,
    /// Its place in the file, from 1.
    Position,
}

impl Trec {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let Trec { corpus, topics, qrels, topic_ids, grades, to } = self;
        let topic_ids = topic_ids.map(|ids| match ids {
            TopicIds::Given => rootward_import::TopicIds::Given,
            TopicIds::Position => rootward_import::TopicIds::Position,
        });
        let grades = grades.unwrap_or_else(Grades::as_written);
        let (files, options) = (TrecFiles { corpus, topics, qrels }, TrecOptions { topic_ids, grades });
        to.run(|progress| trec(&files, &options, progress))
    }
}

/// A file with its split before it, or of the test split.
fn qrels(text: &str) -> Result<(Split, PathBuf), String> {
    let named = text.split_once('=').and_then(|(split, file)| Some((split.parse().ok()?, file)));
    let (split, file) = named.unwrap_or((Split::Test, text));
    if file.is_empty() { Err("a file was expected".to_owned()) } else { Ok((split, PathBuf::from(file))) }
}
