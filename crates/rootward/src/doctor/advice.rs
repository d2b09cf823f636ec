//! What a folder that opens should be known for: texts that repeat, lack or are broken, queries that nobody judged,
//! splits that share what they should not, labels that say nothing.

use std::collections::HashMap;

use super::Kind;
use super::encoding::mojibake;
use super::findings::Findings;
use super::leaks::{InSplits, Leaks, leaks, plain, splits_of};
use super::reading::Read;
use crate::dataset::{Document, Query, Split, excerpt};
use crate::hierarchy::Hierarchy;
use crate::ids::DocIdx;

/// Fewer queries than this make no majority.
const FEW_QUERIES: usize = 10;

/// Looks at texts, judgements and splits; at labels where the hierarchy is known.
pub(super) fn examine(read: &Read, hierarchy: Option<&Hierarchy>, findings: &mut Findings) {
    look_at_documents(read, findings);
    look_at_queries(read, findings);
    if let Some(hierarchy) = hierarchy {
        find_labels_of_nearly_all(read, hierarchy, findings);
    }
}

fn look_at_documents(read: &Read, findings: &mut Findings) {
    let mut firsts: HashMap<(&str, &str), usize> = HashMap::new();
    for (place, (doc, line)) in read.docs.iter().enumerate() {
        let Document { id, title, text, synonyms } = doc;
        let texts = [title, text].into_iter().chain(synonyms);
        if let Some(broken) = texts.map(String::as_str).find_map(mojibake) {
            findings.line(Kind::Mojibake, &read.corpus, *line, || format!("`{broken}` in `{}`", excerpt(id)));
        }
        if title.trim().is_empty() && text.trim().is_empty() {
            findings.line(Kind::EmptyDocument, &read.corpus, *line, || format!("`{}`", excerpt(id)));
            continue;
        }
        let first = *firsts.entry((title, text)).or_insert(place);
        if first != place {
            let (of, line_of) = &read.docs[first];
            let what = || format!("`{}` says what `{}` of line {line_of} says", excerpt(id), excerpt(&of.id));
            findings.line(Kind::DuplicateDocument, &read.corpus, *line, what);
        }
    }
}

fn look_at_queries(read: &Read, findings: &mut Findings) {
    let file = &read.queries_file;
    let judged = read.judged.each_ref().map(|judged| judged.iter().map(|judgement| judgement.query.at()));
    let splits = splits_of(read.queries.len(), judged);
    let mut answered = vec![false; read.queries.len()];
    read.judged
        .iter()
        .flatten()
        .filter(|judgement| judgement.grade > 0)
        .for_each(|j| answered[j.query.at()] = true);
    // Without any judgement that is the one thing to say, not one for each query.
    let any_judged = splits.iter().flatten().any(|is_in| *is_in);
    let mut firsts: HashMap<String, [Option<usize>; 3]> = HashMap::new();
    for (place, (query, line)) in read.queries.iter().enumerate() {
        let id = || format!("`{}`", excerpt(&query.id));
        if let Some(broken) = mojibake(&query.text) {
            findings.line(Kind::Mojibake, file, *line, || format!("`{broken}` in {}", id()));
        }
        if !splits[place].contains(&true) {
            if any_judged {
                findings.line(Kind::UnjudgedQuery, file, *line, id);
            }
        } else if !answered[place] {
            findings.line(Kind::UnansweredQuery, file, *line, id);
        }
        if query.text.trim().is_empty() {
            findings.line(Kind::EmptyQuery, file, *line, id);
            continue;
        }
        let firsts = firsts.entry(plain(&query.text)).or_default();
        let own = || (0..3).filter(|split| splits[place][*split]);
        if let Some(first) = own().find_map(|split| firsts[split]) {
            findings.line(Kind::DuplicateQuery, file, *line, || same_as(read, place, first));
        }
        own().for_each(|split| firsts[split] = firsts[split].or(Some(place)));
    }
    tell_leaks(read, &splits, findings);
}

/// "`a` asks what `b` of line 3 asks"
fn same_as(read: &Read, query: usize, first: usize) -> String {
    let ((query, _), (first, line)) = (&read.queries[query], &read.queries[first]);
    let (id, of) = (excerpt(&query.id), excerpt(&first.id));
    format!("`{id}` asks what `{of}` of line {line} asks: {}", excerpt(&query.text))
}

fn tell_leaks(read: &Read, splits: &[InSplits], findings: &mut Findings) {
    let queries: Vec<&Query> = read.queries.iter().map(|(query, _)| query).collect();
    let Leaks { queries, texts, groups } = leaks(&queries, splits);
    let names = |query: usize| {
        let of = Split::ALL.into_iter().zip(splits[query]).filter(|(_, is_in)| *is_in);
        of.map(|(split, _)| split.name()).collect::<Vec<_>>().join(" and ")
    };
    let line = |query: usize| read.queries[query].1;
    for query in queries {
        let what = || format!("`{}` is in {}", excerpt(&read.queries[query].0.id), names(query));
        findings.line(Kind::LeakedQuery, &read.queries_file, line(query), what);
    }
    for (query, first) in texts {
        let what = || format!("{} ({} and {})", same_as(read, query, first), names(query), names(first));
        findings.line(Kind::LeakedText, &read.queries_file, line(query), what);
    }
    for (query, first) in groups {
        let what = || {
            let (one, other) = (&read.queries[query].0, &read.queries[first].0);
            let group = excerpt(one.group.as_deref().unwrap_or_default());
            let (id, of) = (excerpt(&one.id), excerpt(&other.id));
            format!("`{group}`: `{id}` is in {}, `{of}` in {}", names(query), names(first))
        };
        findings.line(Kind::LeakedGroup, &read.queries_file, line(query), what);
    }
}

/// Documents other than roots that are relevant to more than nine queries in ten.
fn find_labels_of_nearly_all(read: &Read, hierarchy: &Hierarchy, findings: &mut Findings) {
    let exact: Vec<Vec<DocIdx>> = if read.closed {
        hierarchy.docs().map(|doc| vec![doc]).collect()
    } else {
        let mut exact = vec![Vec::new(); read.queries.len()];
        let answers = read.judged.iter().flatten().filter(|judgement| judgement.grade > 0);
        answers.for_each(|judgement| exact[judgement.query.at()].push(judgement.doc));
        exact.into_iter().filter(|docs| !docs.is_empty()).collect()
    };
    if exact.len() < FEW_QUERIES {
        return;
    }
    let mut relevant_to = vec![0usize; read.docs.len()];
    let mut last = vec![usize::MAX; read.docs.len()];
    for (query, docs) in exact.iter().enumerate() {
        for above in docs.iter().flat_map(|doc| hierarchy.ancestors(*doc)) {
            if std::mem::replace(&mut last[above.doc.at()], query) != query {
                relevant_to[above.doc.at()] += 1;
            }
        }
    }
    let is_root = |doc: DocIdx| hierarchy.parents(doc).is_empty() && !hierarchy.children(doc).is_empty();
    for doc in hierarchy.docs().filter(|doc| 10 * relevant_to[doc.at()] > 9 * exact.len() && !is_root(*doc)) {
        let (known, line) = &read.docs[doc.at()];
        let what =
            || format!("`{}` for {} of {} queries", excerpt(&known.id), relevant_to[doc.at()], exact.len());
        findings.line(Kind::LabelOfNearlyAll, &read.corpus, *line, what);
    }
}
