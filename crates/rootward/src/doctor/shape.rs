//! What is wrong or odd about the edges as a whole: circles, roots, loose documents, short cuts.

use std::collections::{HashSet, VecDeque};

use super::findings::Findings;
use super::reading::Read;
use super::{Kind, Place};
use crate::dataset::excerpt;
use crate::hierarchy::{Edge, Graph, Hierarchy, HierarchyError};
use crate::ids::DocIdx;
use crate::rows::Rows;

/// How many documents of a circle are named.
const NAMED: usize = 12;

/// Looks at the edges of a folder; the hierarchy that they form, if they do.
pub(super) fn examine(read: &Read, findings: &mut Findings) -> Option<Hierarchy> {
    let n_docs = read.docs.len();
    let edges: Vec<Edge> = read.edges.iter().map(|(edge, _)| *edge).collect();
    let graph = match Graph::new(n_docs, &edges) {
        Ok(graph) => graph,
        Err(error) => {
            find_cycles(read, &error, findings);
            return None;
        }
    };
    let hierarchy = match Hierarchy::of(graph) {
        Ok(hierarchy) => hierarchy,
        Err(error) => {
            findings.file(Kind::TooManyAncestors, &read.hierarchy, || error.to_string());
            return None;
        }
    };
    if !edges.is_empty() {
        find_roots(read, &hierarchy, findings);
        find_short_cuts(read, &hierarchy, findings);
    }
    Some(hierarchy)
}

/// A document as messages name it.
fn name(read: &Read, doc: DocIdx) -> String {
    let (doc, _) = &read.docs[doc.at()];
    if doc.title.is_empty() {
        format!("`{}`", excerpt(&doc.id))
    } else {
        format!("`{}` ({})", excerpt(&doc.id), excerpt(&doc.title))
    }
}

fn find_roots(read: &Read, hierarchy: &Hierarchy, findings: &mut Findings) {
    let bears = |doc: &DocIdx| !hierarchy.children(*doc).is_empty();
    let (roots, loose): (Vec<DocIdx>, Vec<DocIdx>) = hierarchy.roots().partition(bears);
    let told = [
        (Kind::SeveralRoots, if roots.len() > 1 { roots } else { Vec::new() }),
        (Kind::IsolatedDocument, loose),
    ];
    for (kind, docs) in told {
        for doc in docs {
            findings.line(kind, &read.corpus, read.docs[doc.at()].1, || name(read, doc));
        }
    }
}

/// Edges from a child to what another parent of it lies under.
fn find_short_cuts(read: &Read, hierarchy: &Hierarchy, findings: &mut Findings) {
    let mut short: HashSet<Edge> = HashSet::new();
    for child in hierarchy.docs().filter(|doc| hierarchy.parents(*doc).len() > 1) {
        let parents = hierarchy.parents(child);
        for by_way_of in parents {
            let above = hierarchy.ancestors(*by_way_of)[1..].iter().map(|ancestor| ancestor.doc);
            short.extend(
                above.filter(|doc| parents.binary_search(doc).is_ok()).map(|parent| Edge { child, parent }),
            );
        }
    }
    for (edge, line) in read.edges.iter().filter(|(edge, _)| short.contains(edge)) {
        let what = || {
            let id = |doc: DocIdx| excerpt(&read.docs[doc.at()].0.id);
            format!("`{}` is under `{}` by way of others too", id(edge.child), id(edge.parent))
        };
        findings.line(Kind::TransitiveEdge, &read.hierarchy, *line, what);
    }
}

/// Tells one circle of each knot of documents that all lie above each other.
fn find_cycles(read: &Read, error: &HierarchyError, findings: &mut Findings) {
    let up = read.edges.iter().map(|(edge, _)| (edge.child.at(), edge.parent));
    let parents = Rows::group(read.docs.len(), up);
    let knots = knots(&parents);
    for knot in &knots {
        findings.add(Kind::Cycle, || {
            let circle = circle_in(knot, &parents);
            let edge = Edge { child: circle[0], parent: circle[1 % circle.len()] };
            let line = read.edges.iter().find(|(known, _)| *known == edge).map(|(_, line)| *line);
            let file = read.hierarchy.clone();
            Place { file, line, what: in_circle(read, knot.len(), &circle) }
        });
    }
    if knots.is_empty() {
        findings.file(Kind::Cycle, &read.hierarchy, || error.to_string());
    }
}

/// "a → b → a"
fn in_circle(read: &Read, n_knotted: usize, circle: &[DocIdx]) -> String {
    let id = |doc: &DocIdx| excerpt(&read.docs[doc.at()].0.id);
    let mut steps: Vec<String> = circle.iter().take(NAMED).map(id).collect();
    if circle.len() > NAMED {
        steps.push(format!("… ({} more)", circle.len() - NAMED));
    }
    steps.extend(circle.first().map(id));
    let others = match n_knotted - circle.len() {
        0 => String::new(),
        others => format!("; others that hang together with these: {others}"),
    };
    format!("{}{others}", steps.join(" → "))
}

/// The strongly connected components of more than one document, by their least documents  [Tarjan 1972].
fn knots(parents: &Rows<DocIdx>) -> Vec<Vec<DocIdx>> {
    const NEW: u32 = u32::MAX;
    let n_docs = parents.len();
    let (mut number, mut low) = (vec![NEW; n_docs], vec![0u32; n_docs]);
    let (mut open, mut is_open) = (Vec::new(), vec![false; n_docs]);
    let (mut next, mut found) = (0, Vec::new());
    // The way down from a start, with the next parent to look at: depth costs no stack.
    let mut way: Vec<(usize, usize)> = Vec::new();
    for start in 0..n_docs {
        if number[start] == NEW {
            way.push((start, 0));
        }
        while let Some((doc, at)) = way.pop() {
            if at == 0 {
                (number[doc], low[doc]) = (next, next);
                next += 1;
                open.push(doc);
                is_open[doc] = true;
            } else {
                // The parent before this one is done.
                let done = parents.row(doc)[at - 1].at();
                if is_open[done] {
                    low[doc] = low[doc].min(low[done]);
                }
            }
            if let Some(parent) = parents.row(doc).get(at) {
                way.push((doc, at + 1));
                if number[parent.at()] == NEW {
                    way.push((parent.at(), 0));
                }
                continue;
            }
            if low[doc] == number[doc] {
                let place =
                    open.iter().rposition(|one| *one == doc).expect("it was opened and not yet closed");
                let mut knot: Vec<DocIdx> =
                    open.split_off(place).into_iter().map(|one| DocIdx(one as u32)).collect();
                knot.iter().for_each(|one| is_open[one.at()] = false);
                if knot.len() > 1 {
                    knot.sort_unstable();
                    found.push(knot);
                }
            }
        }
    }
    found.sort_unstable();
    found
}

/// The shortest circle through the least document of a knot.
fn circle_in(knot: &[DocIdx], parents: &Rows<DocIdx>) -> Vec<DocIdx> {
    let place = |doc: DocIdx| knot.binary_search(&doc).ok();
    let mut below: Vec<Option<usize>> = vec![None; knot.len()];
    let mut queue = VecDeque::from([0]);
    while let Some(at) = queue.pop_front() {
        for parent in parents.row(knot[at].at()).iter().filter_map(|parent| place(*parent)) {
            if parent == 0 {
                let mut circle = vec![knot[at]];
                let mut doc = at;
                while let Some(child) = below[doc] {
                    circle.push(knot[child]);
                    doc = child;
                }
                circle.reverse();
                return circle;
            }
            if below[parent].is_none() {
                below[parent] = Some(at);
                queue.push_back(parent);
            }
        }
    }
    knot.to_vec()
}
