//! MeSH, the Medical Subject Headings: descriptors under those that their tree numbers extend.
//!
//! A descriptor has a tree number for each of its places, `A01.236` under `A01`; together they make a hierarchy with
//! several parents. Above the numbers without a dot stand the sixteen categories. Read are the descriptors as XML
//! (`desc2017.xml`) and lists of names with tree numbers (`mtrees2017.bin`), which have no ids, texts and synonyms.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use rootward::dataset::{DataError, Document, Fault, excerpt};

use crate::draft::{Draft, Imported, Queries, Undefined, distinct};
use crate::markup::{Place, each_record};
use crate::source::{Source, Text};

/// The categories by the letter that tree numbers begin with.
const CATEGORIES: [(char, &str); 16] = [
    ('A', "Anatomy"),
    ('B', "Organisms"),
    ('C', "Diseases"),
    ('D', "Chemicals and Drugs"),
    ('E', "Analytical, Diagnostic and Therapeutic Techniques, and Equipment"),
    ('F', "Psychiatry and Psychology"),
    ('G', "Phenomena and Processes"),
    ('H', "Disciplines and Occupations"),
    ('I', "Anthropology, Education, Sociology, and Social Phenomena"),
    ('J', "Technology, Industry, and Agriculture"),
    ('K', "Humanities"),
    ('L', "Information Science"),
    ('M', "Named Groups"),
    ('N', "Health Care"),
    ('V', "Publication Characteristics"),
    ('Z', "Geographicals"),
];

/// Descriptors and where they stand.
struct Tree {
    draft: Draft,
    /// The ids of descriptors.
    ids: Vec<String>,
    /// The descriptor and the line of each tree number.
    places: HashMap<String, (usize, u64)>,
    /// The tree numbers in the order of the file.
    numbers: Vec<String>,
}

/// Reads MeSH descriptors, as XML or as a list of tree numbers.
///
/// A document is a descriptor, in the order of the file, and after them the categories that are used, `category:A`. Of
/// XML the id is the `DescriptorUI`, the title the `DescriptorName`, the text the scope note of the preferred concept,
/// and the synonyms are the terms of all concepts. Of a list id and title are the name.
///
/// # Errors
/// When the file is neither, and at the first line that does not follow the format.
pub fn mesh(source: &Source<'_>, queries: Queries) -> Result<Imported, DataError> {
    let mut text = source.text(&[".xml", ".bin", ".txt"])?;
    let path = text.name().to_owned();
    let mut tree =
        Tree { draft: Draft::new(&path), ids: Vec::new(), places: HashMap::new(), numbers: Vec::new() };
    if text.first_bytes()?.starts_with(b"<") {
        descriptors(text, &mut tree)?;
    } else {
        list(text, &mut tree)?;
    }
    tree.finish(&path, queries)
}

/// Reads descriptors in XML.
fn descriptors(text: Text<'_>, tree: &mut Tree) -> Result<(), DataError> {
    const PLACES: [&str; 5] = [
        "DescriptorUI",
        "DescriptorName/String",
        "TreeNumberList/TreeNumber",
        "ConceptList/Concept[@PreferredConceptYN=Y]/ScopeNote",
        "ConceptList/Concept/TermList/Term/String",
    ];
    let places = PLACES.map(|place| place.parse::<Place>().expect("these are places"));
    each_record(text, &["DescriptorRecord"], &places, |record| {
        let [ids, titles, numbers, notes, terms] =
            <[Vec<String>; 5]>::try_from(record.values).expect("there is a list for each place");
        let one = |expected, values: Vec<String>| match <[String; 1]>::try_from(values) {
            Ok([value]) => Ok(value),
            Err(values) => Err(Fault::Field { expected, found: excerpt(&values.join(" ")) }),
        };
        let id = one("one DescriptorUI in a DescriptorRecord", ids)?;
        let title = one("one DescriptorName in a DescriptorRecord", titles)?;
        let synonyms = distinct(&title, terms);
        let text = notes.into_iter().next().unwrap_or_default();
        let at = tree.descriptor(Document { id, title, text, synonyms }, record.line)?;
        if numbers.is_empty() {
            tree.draft.note("descriptors without a tree number", &tree.ids[at]);
        }
        numbers.into_iter().try_for_each(|number| tree.place(at, number, record.line))
    })
}

/// Reads a list of lines `name;number`.
fn list(text: Text<'_>, tree: &mut Tree) -> Result<(), DataError> {
    let mut known: HashMap<String, usize> = HashMap::new();
    text.each_line(|line, number| {
        let bad = || Fault::Field { expected: "a line `name;tree number`", found: excerpt(line) };
        let (name, place) = line.rsplit_once(';').ok_or_else(bad)?;
        let at = match known.get(name.trim()) {
            Some(at) => *at,
            None => {
                let name = name.trim().to_owned();
                let doc = Document { id: name.clone(), title: name.clone(), ..Document::default() };
                let at = tree.descriptor(doc, number)?;
                known.insert(name, at);
                at
            }
        };
        tree.place(at, place.trim().to_owned(), number)
    })
}

impl Tree {
    /// Adds a descriptor, and gives its number.
    fn descriptor(&mut self, doc: Document, line: u64) -> Result<usize, Fault> {
        self.ids.push(doc.id.clone());
        self.draft.doc(doc, line)?;
        Ok(self.ids.len() - 1)
    }

    /// Gives a descriptor a place.
    fn place(&mut self, descriptor: usize, number: String, line: u64) -> Result<(), Fault> {
        if !CATEGORIES.iter().any(|(letter, _)| number.starts_with(*letter)) {
            let expected = "a tree number, which begins with the letter of a category,";
            return Err(Fault::Field { expected, found: excerpt(&number) });
        }
        if let Some((_, first)) = self.places.insert(number.clone(), (descriptor, line)) {
            return Err(Fault::DuplicateId { id: excerpt(&number), first });
        }
        self.numbers.push(number);
        Ok(())
    }

    /// Puts each descriptor under those of the shorter tree numbers, and the shortest under the categories.
    fn finish(self, path: &Path, queries: Queries) -> Result<Imported, DataError> {
        let Tree { mut draft, ids, places, numbers } = self;
        let mut edges = HashSet::new();
        let mut used = [false; CATEGORIES.len()];
        for number in &numbers {
            let (child, line) = places[number];
            let at = |fault| DataError::Line { file: path.to_owned(), line, fault };
            let parent = match number.rsplit_once('.') {
                Some((above, _)) => match places.get(above) {
                    Some((parent, _)) => ids[*parent].clone(),
                    None => {
                        draft.note("tree numbers under one that is not in the file", number);
                        continue;
                    }
                },
                None => {
                    let category = CATEGORIES.iter().position(|(letter, _)| number.starts_with(*letter));
                    let category = category.expect("a tree number begins with the letter of a category");
                    used[category] = true;
                    category_id(CATEGORIES[category].0)
                }
            };
            // Two descriptors may lie one above the other at several places.
            if edges.insert((child, parent.clone())) {
                draft.edge(&ids[child], &parent, line).map_err(at)?;
            }
        }
        for (letter, name) in
            CATEGORIES.iter().zip(used).filter(|(_, used)| *used).map(|(category, _)| category)
        {
            let doc = Document { id: category_id(*letter), title: (*name).to_owned(), ..Document::default() };
            draft.doc(doc, 1).map_err(|fault| DataError::Line { file: path.to_owned(), line: 1, fault })?;
        }
        draft.ask(queries)?;
        draft.finish(Undefined::Refuse)
    }
}

fn category_id(letter: char) -> String {
    format!("category:{letter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"<?xml version="1.0"?>
<!DOCTYPE DescriptorRecordSet SYSTEM "desc2017.dtd">
<DescriptorRecordSet LanguageCode = "eng">
<DescriptorRecord DescriptorClass = "1"><DescriptorUI>D1</DescriptorUI>
<DescriptorName><String>Body Regions</String></DescriptorName>
<TreeNumberList><TreeNumber>A01</TreeNumber></TreeNumberList>
</DescriptorRecord>
<DescriptorRecord DescriptorClass = "1"><DescriptorUI>D2</DescriptorUI>
<DescriptorName><String>Abdomen</String></DescriptorName>
<AllowableQualifiersList><AllowableQualifier><QualifierReferredTo><QualifierUI>Q1</QualifierUI></QualifierReferredTo>
</AllowableQualifier></AllowableQualifiersList>
<TreeNumberList><TreeNumber>A01.2</TreeNumber><TreeNumber>A01.3</TreeNumber><TreeNumber>Z01</TreeNumber></TreeNumberList>
<ConceptList>
<Concept PreferredConceptYN="N"><ScopeNote>no</ScopeNote><TermList><Term><String>Belly</String></Term></TermList></Concept>
<Concept PreferredConceptYN="Y"><ScopeNote>That portion of the body
    </ScopeNote><TermList><Term><TermUI>T1</TermUI><String>Abdomen</String></Term><Term><String>Abdomens</String></Term>
</TermList></Concept>
</ConceptList>
</DescriptorRecord>
<DescriptorRecord><DescriptorUI>D3</DescriptorUI><DescriptorName><String>Female</String></DescriptorName></DescriptorRecord>
</DescriptorRecordSet>
"#;

    fn import(text: &str) -> Result<Imported, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, text).unwrap();
        mesh(&Source::new(&file, &|_| {}), Queries::Nodes)
            .map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "f"))
    }

    fn ids_and_edges(imported: &Imported) -> (Vec<&str>, Vec<(u32, u32)>) {
        let ids = imported.parts.docs.iter().map(|doc| &*doc.id).collect();
        (ids, imported.parts.graph.edges().map(|edge| (edge.child.0, edge.parent.0)).collect())
    }

    #[test]
    fn descriptors_lie_under_those_of_shorter_tree_numbers_and_under_categories() {
        let imported = import(FILE).unwrap();
        let ids = vec!["D1", "D2", "D3", "category:A", "category:Z"];
        assert_eq!(ids_and_edges(&imported), (ids, vec![(0, 3), (1, 0), (1, 4)]));
        let abdomen = &imported.parts.docs[1];
        let told = (&*abdomen.title, &*abdomen.text, abdomen.synonyms.join("|"));
        assert_eq!(told, ("Abdomen", "That portion of the body", "Belly|Abdomens".to_owned()));
        assert_eq!(imported.parts.docs[4].title, "Geographicals");
        let notes: Vec<_> = imported.notes.iter().map(|note| (note.count, note.what)).collect();
        assert_eq!(notes, [(1, "descriptors without a tree number")]);
    }

    #[test]
    fn a_list_of_tree_numbers_makes_the_same_hierarchy_of_names() {
        let imported =
            import("Body Regions;A01\nAbdomen;A01.2\nAbdomen;A01.3\nAbdomen;Z01\nX;B01.7\n").unwrap();
        let ids = vec!["Body Regions", "Abdomen", "X", "category:A", "category:Z"];
        assert_eq!(ids_and_edges(&imported), (ids, vec![(0, 3), (1, 0), (1, 4)]));
        assert_eq!(imported.notes[0].what, "tree numbers under one that is not in the file");
    }

    #[test]
    fn what_is_no_mesh_is_told_by_line() {
        let cases = [
            ("a;A01\nb;A01\n", "f:2: a new id was expected, `A01` is that of line 1 too"),
            (
                "a;Y01\n",
                "f:1: a tree number, which begins with the letter of a category, was expected, `Y01` was found",
            ),
            ("a\n", "f:1: a line `name;tree number` was expected, `a` was found"),
            ("<a></a>", "f holds no document; at least one was expected"),
            (
                "<DescriptorRecord><DescriptorUI>a</DescriptorUI></DescriptorRecord>",
                "f:1: one DescriptorName in a DescriptorRecord was expected, `` was found",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(import(text).unwrap_err(), message);
        }
    }
}
