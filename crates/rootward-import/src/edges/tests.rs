//! What lists of edges become, and which columns are taken for which.

use std::fs;

use super::*;

/// Documents, edges by name, notes.
type Read = (Vec<Document>, Vec<String>, Vec<String>);

/// What comes of a file with this content.
fn import(content: &str, options: &EdgesOptions) -> Result<Read, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("e");
    fs::write(&file, content).unwrap();
    let imported = edges(&Source::new(&file, &|_| {}), options)
        .map_err(|error| error.to_string().replace(&*file.to_string_lossy(), "e"))?;
    let docs = imported.parts.docs;
    let id = |doc: rootward::ids::DocIdx| docs[doc.at()].id.clone();
    let named = imported.parts.graph.edges().map(|e| format!("{}<{}", id(e.child), id(e.parent))).collect();
    let notes = imported.notes.iter().map(|note| format!("{} {}", note.count, note.what)).collect();
    Ok((docs, named, notes))
}

fn edges_of(content: &str) -> Vec<String> {
    import(content, &EdgesOptions::detected()).unwrap().1
}

#[test]
fn the_first_column_is_the_child_unless_a_header_or_the_user_says_otherwise() {
    assert_eq!(edges_of("a\tr\nb\tr\n"), ["a<r", "b<r"]);
    assert_eq!(edges_of("Broader,x,NARROWER\nr,1,a\n"), ["a<r"]);
    assert_eq!(edges_of("source;target\na;r\n"), ["a<r"]);
    let down = EdgesOptions { direction: Some(Direction::Down), ..EdgesOptions::detected() };
    assert_eq!(import("r,a\n", &down).unwrap().1, ["a<r"]);
    assert_eq!(import("source,target\nr,a\n", &down).unwrap().1, ["a<r"]);
    assert_eq!(import("child,parent\na,r\n", &down).unwrap().1, ["a<r"]);
    let (child, parent) = (Some("kind".to_owned()), Some("3".to_owned()));
    let asked = EdgesOptions { child, parent, ..EdgesOptions::detected() };
    assert_eq!(import("x,kind,up\n1,a,r\n", &asked).unwrap().1, ["a<r"]);
}

#[test]
fn nodes_are_called_by_their_ids_and_a_row_without_a_parent_is_a_root() {
    let (docs, edges, notes) = import("a, r \n r,\na,r\nb,b\n", &EdgesOptions::detected()).unwrap();
    assert_eq!(
        docs.iter().map(|doc| (&*doc.id, &*doc.title)).collect::<Vec<_>>(),
        [("a", "a"), ("r", "r"), ("b", "b")]
    );
    assert_eq!(edges, ["a<r"]);
    let expected = [
        "1 rows without a parent, taken for roots",
        "1 nodes given as their own parent, edge left out",
        "1 edges given more than once, the first kept",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn a_table_of_nodes_with_their_parents_says_what_they_are_called() {
    let (docs, edges, _) =
        import("id,parent_id,name\n1,,Animals\n2,1,\"Dogs, all\"\n", &EdgesOptions::detected()).unwrap();
    assert_eq!((&*docs[1].title, &edges[..]), ("Dogs, all", &["2<1".to_owned()][..]));
}

#[test]
fn edges_of_too_little_weight_are_left_out_and_a_weight_is_a_number() {
    let heavy = EdgesOptions { min_weight: Some(0.5), ..EdgesOptions::detected() };
    let (_, edges, notes) = import("a,r,0.5\nb,r,1e-3\n", &heavy).unwrap();
    assert_eq!((&*edges[0], edges.len(), &*notes[0]), ("a<r", 1, "1 edges of less weight left out"));
    let error = import("a,r,much\n", &heavy).unwrap_err();
    assert_eq!(error, "e:1: a weight was expected, `much` was found");
}

#[test]
fn a_list_that_looks_turned_is_told() {
    let tree: String = (2..30).map(|node| format!("{},{node}\n", node / 2)).collect();
    let notes = import(&tree, &EdgesOptions::detected()).unwrap().2;
    assert!(
        notes[0].starts_with("14 nodes have several parents") && notes[0].contains("--direction down"),
        "{notes:?}"
    );
    let down = EdgesOptions { direction: Some(Direction::Down), ..EdgesOptions::detected() };
    assert!(import(&tree, &down).unwrap().2.is_empty());
    assert!(import(&format!("child,parent\n{tree}"), &EdgesOptions::detected()).unwrap().2.is_empty());
}

#[test]
fn nodes_take_titles_and_texts_from_a_file_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("n");
    let contents = [
        "id\tname\tdescription\na\tApple\tround\n",
        "{\"_id\": \"a\", \"label\": \"Apple\", \"text\": \"round\"}\n",
        "name,text,id\nApple,round,a\n",
    ];
    for content in contents {
        fs::write(&file, content).unwrap();
        let options = EdgesOptions { nodes: Some(file.clone()), ..EdgesOptions::detected() };
        let (docs, _, notes) = import("a,r\n", &options).unwrap();
        assert_eq!((&*docs[0].title, &*docs[0].text, &*docs[1].title), ("Apple", "round", "r"));
        assert_eq!(notes, ["1 nodes of edges are not in the file of nodes, their title is their id"]);
    }
}

#[test]
fn what_is_wrong_is_told_by_line_or_by_name() {
    let message = |content| import(content, &EdgesOptions::detected()).unwrap_err();
    assert_eq!(message("a,b\nb,c\nc,a\n"), "e has a cycle: a → b → c → a; delete one of these edges");
    assert_eq!(
        message("a,b\n,c\n"),
        "e:2: an id without tabs and line breaks, not empty, was expected, `` was found"
    );
    assert_eq!(message("a\n"), "e:1: at least 2 columns were expected, the line has 1: `a`");
    let asked = EdgesOptions { child: Some("9".to_owned()), ..EdgesOptions::detected() };
    let error = import("child,parent\na,b\n", &asked).unwrap_err();
    assert_eq!(error, "e holds no column `9`; name the column by its header or by its number, from 1");
}
