//! XML in which nesting is the hierarchy: a node lies in the element of its parent.
//!
//! ICD-10-CM is such a file, with diagnoses in diagnoses in sections in chapters. Which elements are nodes, and where
//! their ids and names stand, is different in every file, so the user says it.

use rootward::dataset::{DataError, Document, Fault};

use crate::draft::{Draft, Imported, Queries, Undefined, distinct};
use crate::markup::{Place, each_record};
use crate::source::Source;

/// Which elements are nodes, and where their values stand.
#[derive(Clone, Debug)]
pub struct XmlOptions {
    /// Names of the elements that are nodes, as they are written.
    pub nodes: Vec<String>,
    /// Where ids stand: of several places the first that an element has counts.
    pub ids: Vec<Place>,
    /// Where titles stand: of several places the first that an element has counts.
    pub titles: Vec<Place>,
    /// Where texts stand: all that an element has are joined, a line for each.
    pub texts: Vec<Place>,
    /// Where synonyms stand: each value is one.
    pub synonyms: Vec<Place>,
    /// What is asked.
    pub queries: Queries,
}

/// A node as it was read.
struct Node {
    /// Its id may still be missing.
    doc: Document,
    line: u64,
    parent: Option<usize>,
    /// Which of the names of nodes it has.
    name: usize,
}

/// Reads nested XML.
///
/// A document is an element that is a node, in the order in which they begin, and its parent is the nearest node
/// around it. Nodes directly in one another with the same id are one, and counted.
///
/// # Errors
/// When the file is no XML, an element that is a node has no id or that of another, and when no element has one of the
/// names that nodes should have.
pub fn xml(source: &Source<'_>, options: &XmlOptions) -> Result<Imported, DataError> {
    let XmlOptions { nodes: names, ids, titles, texts, synonyms, queries } = options;
    let text = source.text(&[".xml"])?;
    let path = text.name().to_owned();
    let name_list: Vec<&str> = names.iter().map(String::as_str).collect();
    let places: Vec<Place> = [ids, titles, texts, synonyms].into_iter().flatten().cloned().collect();
    let mut nodes: Vec<Option<Node>> = Vec::new();
    let mut is_there = vec![false; names.len()];
    each_record(text, &name_list, &places, |record| {
        let mut values = record.values.into_iter();
        let mut of =
            |places: &Vec<Place>| -> Vec<String> { values.by_ref().take(places.len()).flatten().collect() };
        let first = |values: Vec<String>| values.into_iter().next().unwrap_or_default();
        let (id, title) = (first(of(ids)), first(of(titles)));
        let (text, synonyms) = (of(texts).join("\n"), of(synonyms));
        let doc = Document { id, title, text, synonyms };
        let (line, parent, name) = (record.line, record.parent, record.name);
        is_there[name] = true;
        if nodes.len() <= record.number {
            nodes.resize_with(record.number + 1, || None);
        }
        nodes[record.number] = Some(Node { doc, line, parent, name });
        Ok(())
    })?;
    if let Some(at) = is_there.iter().position(|is_there| !is_there) {
        let what = format!("element `{}`", names[at]);
        return Err(DataError::Lacks {
            path,
            what,
            remedy: "look at the file for the names of its elements",
        });
    }
    let at = |line, fault| DataError::Line { file: path.clone(), line, fault };
    let mut draft = Draft::new(&path);
    let mut nodes: Vec<Node> = nodes.into_iter().flatten().collect();
    if let Some(node) = nodes.iter().find(|node| node.doc.id.is_empty()) {
        let found = format!("<{}>", names[node.name]);
        let fault = Fault::Field { expected: "an element with a value at one of the places of ids", found };
        return Err(at(node.line, fault));
    }
    join_namesakes(&mut nodes, &mut draft);
    for Node { doc, line, parent, .. } in &nodes {
        if let (Some(parent), false) = (parent, doc.id.is_empty()) {
            draft.edge(&doc.id, &nodes[*parent].doc.id, *line).map_err(|fault| at(*line, fault))?;
        }
    }
    for Node { mut doc, line, .. } in nodes.into_iter().filter(|node| !node.doc.id.is_empty()) {
        doc.synonyms = distinct(&doc.title, doc.synonyms);
        draft.doc(doc, line).map_err(|fault| at(line, fault))?;
    }
    draft.ask(*queries)?;
    draft.finish(Undefined::Refuse)
}

/// Makes one node of those that lie directly in one another and have the same id, as a section of a single code and
/// that code do: the outer one, which also gets the names of the others. Those are left without an id.
fn join_namesakes(nodes: &mut [Node], draft: &mut Draft) {
    for at in 0..nodes.len() {
        // Nodes around this one began before it, so they have been joined already.
        let Some(mut parent) = nodes[at].parent else { continue };
        if nodes[parent].doc.id.is_empty() {
            parent = nodes[parent].parent.expect("a node that was joined has the other around it");
        }
        nodes[at].parent = Some(parent);
        if nodes[at].doc.id != nodes[parent].doc.id {
            continue;
        }
        let Document { id, title, text, synonyms } = std::mem::take(&mut nodes[at].doc);
        draft.note("nodes within one of the same id, taken for one", &id);
        let outer = &mut nodes[parent].doc;
        outer.synonyms.push(title);
        outer.synonyms.extend(synonyms);
        if outer.text.is_empty() {
            outer.text = text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"<list>
  <part><no>1</no><label>Infections</label>
    <block id="A00-A09" label="Guts">
      <code><no>A00</no><label>Cholera</label><alias>cholera</alias><alias>Cholera</alias><note>a</note><note>b</note>
        <code><no>A00.0</no></code>
      </code>
    </block>
  </part>
</list>
"#;

    fn import(text: &str, nodes: &[&str]) -> Result<Imported, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f.xml");
        std::fs::write(&file, text).unwrap();
        let places = |words: &[&str]| words.iter().map(|word| word.parse().unwrap()).collect();
        let options = XmlOptions {
            nodes: nodes.iter().map(|&name| name.to_owned()).collect(),
            ids: places(&["no", "@id"]),
            titles: places(&["label", "@label"]),
            texts: places(&["note"]),
            synonyms: places(&["alias"]),
            queries: Queries::Nodes,
        };
        xml(&Source::new(&file, &|_| {}), &options)
            .map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "f.xml"))
    }

    #[test]
    fn a_node_lies_under_the_nearest_node_around_it() {
        let parts = import(FILE, &["part", "block", "code"]).unwrap().parts;
        let told: Vec<_> = parts.docs.iter().map(|doc| (&*doc.id, &*doc.title)).collect();
        assert_eq!(told, [("1", "Infections"), ("A00-A09", "Guts"), ("A00", "Cholera"), ("A00.0", "")]);
        let edges: Vec<_> = parts.graph.edges().map(|edge| (edge.child.0, edge.parent.0)).collect();
        assert_eq!(edges, [(1, 0), (2, 1), (3, 2)]);
        assert_eq!((&*parts.docs[2].text, parts.docs[2].synonyms.join("|")), ("a\nb", "cholera".to_owned()));
        let without = import(FILE, &["part", "code"]).unwrap().parts;
        assert_eq!(without.graph.n_edges(), 2);
    }

    #[test]
    fn a_node_in_one_of_the_same_id_is_the_same_node() {
        let imported = import(&FILE.replace("A00-A09", "A00"), &["part", "block", "code"]).unwrap();
        let told: Vec<_> = imported.parts.docs.iter().map(|doc| (&*doc.id, doc.synonyms.join("|"))).collect();
        let guts = ("A00", "Cholera|cholera".to_owned());
        assert_eq!(told, [("1", String::new()), guts, ("A00.0", String::new())]);
        let edges: Vec<_> = imported.parts.graph.edges().map(|edge| (edge.child.0, edge.parent.0)).collect();
        assert_eq!((edges, &*imported.parts.docs[1].text), (vec![(1, 0), (2, 1)], "a\nb"));
        assert_eq!((imported.notes[0].count, &*imported.notes[0].examples[0]), (1, "A00"));
    }

    #[test]
    fn nodes_without_id_twice_the_same_and_names_that_are_not_there_are_told() {
        let cases = [
            (
                FILE.replace("<no>A00.0</no>", ""),
                "f.xml:5: an element with a value at one of the places of ids was expected, `<code>` was found",
            ),
            (FILE.replace("A00.0", "1"), "f.xml:5: a new id was expected, `1` is that of line 2 too"),
            (
                FILE.replace("block", "bloc"),
                "f.xml holds no element `block`; look at the file for the names of its elements",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(import(&text, &["part", "block", "code"]).unwrap_err(), message);
        }
    }
}
