"""What BM25 finds with and without stems and stop words: the choice that docs/baselines.md tells.

A twin of `rootward baselines` in numpy, on data folders of this project; needs numpy and snowballstemmer.

    python bench/bm25_words.py DATA...
"""

import json
import math
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import snowballstemmer

STOP = set(
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they"
    " this to was will with".split()
)
STEMMER = snowballstemmer.stemmer("english")
STEMS: dict[str, str] = {}


def words(text: str, stems: bool, stop: bool) -> list[str]:
    found = re.findall(r"[^\W_]+", text.lower())
    if stop:
        found = [word for word in found if word not in STOP]
    if not stems:
        return found
    for word in found:
        if word not in STEMS:
            STEMS[word] = STEMMER.stemWord(word)
    return [STEMS[word] for word in found]


def table(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines()[1:]] if path.exists() else []


def relevant(judged: dict[str, int], parents: dict[str, list[str]]) -> dict[str, int]:
    """S(q) with distances: the exact matches and everything above them."""
    distances: dict[str, int] = {}
    level, distance = [doc for doc, grade in judged.items() if grade > 0], 0
    while level:
        level = [doc for doc in level if doc not in distances]
        distances.update((doc, distance) for doc in level)
        level, distance = [parent for doc in level for parent in parents[doc]], distance + 1
    return distances


def ndcg_at_10(ranked: list[str], judged: dict[str, int]) -> float:
    def gain(grades):
        return sum(max(grade, 0) / math.log2(rank + 2) for rank, grade in enumerate(grades[:10]))

    return gain([judged.get(doc, 0) for doc in ranked]) / gain(sorted(judged.values(), reverse=True))


def measure(folder: Path, stems: bool, stop: bool, k1: float, b: float) -> str:
    docs = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()]
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text().splitlines()]
    texts = {query["_id"]: query["text"] for query in queries}
    judged, parents = defaultdict(dict), defaultdict(list)
    for query, doc, grade in table(folder / "qrels" / "test.tsv"):
        judged[query][doc] = int(grade)
    for child, parent in table(folder / "hierarchy.tsv"):
        parents[child].append(parent)

    fields = [[doc["title"], doc["text"], *doc.get("synonyms", [])] for doc in docs]
    counts = [Counter(words(" ".join(own), stems, stop)) for own in fields]
    lengths = np.array([count.total() for count in counts], float)
    postings = defaultdict(list)
    for doc, count in enumerate(counts):
        for word, tf in count.items():
            postings[word].append((doc, tf / (tf + k1 * (1 - b + b * lengths[doc] / lengths.mean()))))
    ids = np.array([doc["_id"] for doc in docs])
    last_first = np.argsort(np.argsort([doc["_id"].encode() for doc in docs])[::-1])  # places among ties
    found, of, ndcg = Counter(), Counter(), []
    for query, judgements in judged.items():
        scores = np.zeros(len(docs))
        for word in words(texts[query], stems, stop):
            n = len(postings.get(word, ()))
            for doc, worth in postings.get(word, ()):
                scores[doc] += math.log(1 + (len(docs) - n + 0.5) / (n + 0.5)) * worth
        ranked = ids[np.lexsort((last_first, -scores))][: np.count_nonzero(scores)]  # others are not found
        wanted = relevant(judgements, parents)
        first = set(ranked[: len(wanted)])
        of.update(wanted.values())
        found.update(distance for doc, distance in wanted.items() if doc in first)
        ndcg.append(ndcg_at_10(list(ranked[:10]), judgements))
    recall = " ".join(f"{distance}:{100 * found[distance] / of[distance]:.1f}" for distance in sorted(of))
    return f"ndcg@10 {np.mean(ndcg):.4f}  recall {recall}  all {100 * found.total() / of.total():.1f}"


for folder in map(Path, sys.argv[1:]):
    for stems, stop, k1, b in [(0, 0, 1.2, 0.75), (0, 1, 1.2, 0.75), (1, 0, 1.2, 0.75), (1, 1, 1.2, 0.75), (1, 1, 0.9, 0.4)]:
        found = measure(folder, bool(stems), bool(stop), k1, b)
        print(f"{folder.name}: stems {stems}, stop words left out {stop}, k1 {k1}, b {b}: {found}", flush=True)
