"""The share of hidden pairs that the pairs alone can tell: the bound of docs/results.md.

    python3 bench/hidden_pairs_bound.py

Each pair (document, ancestor) of WordNet's nouns is hidden with probability 0.2, then 0.5. Everything about inner documents
is taken as known, and so are the pairs of leaves that follow by transitivity. What is left are pairs of a leaf q with the
inner documents between it and its lowest known ancestor. Leaves with the same known ancestors cannot be told apart by pairs,
so a ranking can do no better than order the places where q may stand by probability: a place counts the leaves right under
it, times the probability that just the pairs which would be missing there are missing. Seed 1; about three minutes; only
the standard library is needed.
"""

import collections
import gzip
import json
import random
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data/wordnet-nouns"


def ancestors_of(parents):
    """The strict ancestors of every document."""
    found = [None] * len(parents)
    for start in range(len(parents)):
        stack = [start]
        while stack:
            doc = stack[-1]
            waiting = [parent for parent in parents[doc] if found[parent] is None]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            found[doc] = set(parents[doc]).union(*(found[parent] for parent in parents[doc]))
    return found


def main():
    with gzip.open(DATA / "corpus.jsonl.gz", "rt") as lines:
        number = {json.loads(line)["_id"]: place for place, line in enumerate(lines)}
    parents = [[] for _ in number]
    with gzip.open(DATA / "hierarchy.tsv.gz", "rt") as lines:
        next(lines)
        for line in lines:
            child, parent = line.split()
            parents[number[child]].append(number[parent])
    ancestors = ancestors_of(parents)
    inner = {parent for row in parents for parent in row}
    leaves_under, below = collections.Counter(), collections.defaultdict(list)
    for doc, row in enumerate(parents):
        if doc not in inner:
            leaves_under.update(row)
        for above in ancestors[doc]:
            if doc in inner:
                below[above].append(doc)

    for share in (0.2, 0.5):
        draw = random.Random(1)
        hidden_pairs = unknown_pairs = found_pairs = 0
        for doc, above in enumerate(ancestors):
            known = {a for a in sorted(above) if draw.random() >= share}
            hidden = above - known
            hidden_pairs += len(hidden)
            if doc in inner or not known:
                continue
            implied = known.union(*(ancestors[a] for a in known))
            unknown = hidden - implied
            if not unknown:
                continue
            unknown_pairs += len(unknown)
            lowest = min(known, key=lambda a: len(below[a]))
            chances = collections.Counter()
            for place in [*below[lowest], lowest]:
                path = ancestors[place] | {place}
                if known <= path and leaves_under[place]:
                    chance = leaves_under[place] * share ** (len(path) - len(known))
                    chances.update({a: chance for a in path - implied})
            best = {a for a, _ in chances.most_common(len(unknown))}
            found_pairs += len(best & unknown)
        print(f"{share:.0%} hidden: {unknown_pairs / hidden_pairs:.1%} of the hidden pairs do not follow from the others, "
              f"{found_pairs / max(unknown_pairs, 1):.1%} of those are found by the best ranking; "
              f"bound {1 - (unknown_pairs - found_pairs) / hidden_pairs:.1%}", flush=True)


if __name__ == "__main__":
    main()
