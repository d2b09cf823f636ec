"""Golden numbers for the ranking measures, from trec_eval.

Writes `trec.json` beside itself, the same on every run (`pip install pytrec_eval-terrier==0.5.11`, which is trec_eval
with Python around it).

The runs are random, with few different scores so that ties are everywhere; judgements have grades 0 to 3, and the
alphabetical order of the ids is not the order in which they were made. `whole` lists every document for every query.
`cut` lists some documents of each query, and so leaves out relevant ones; one query in it lists nothing, and one is
judged but has nothing relevant.

Measures are named as Rootward names them. `mrr@10` is trec_eval's recip_rank where that rank is at most 10, else 0.
`means` is over the queries with a relevant judgement; a query that lists nothing counts as 0 (trec_eval's option -c).
"""

import json
import random
from pathlib import Path

import pytrec_eval

PEER = {
    "ndcg@10": "ndcg_cut_10",
    "recall@1": "recall_1",
    "recall@10": "recall_10",
    "recall@100": "recall_100",
    "map": "map",
}


def solved(name, judgements, run):
    """A case: the judgements, the run, and trec_eval's opinion of it."""
    evaluator = pytrec_eval.RelevanceEvaluator(judgements, {"ndcg_cut.10", "recall.1,10,100", "map", "recip_rank"})
    found = evaluator.evaluate({query: listed for query, listed in run.items() if listed})
    measures = {}
    for query, judged in judgements.items():
        if not any(judged.values()):
            continue
        peer = found.get(query, {})
        measures[query] = {ours: peer.get(theirs, 0.0) for ours, theirs in PEER.items()}
        reciprocal = peer.get("recip_rank", 0.0)
        measures[query]["mrr@10"] = reciprocal if reciprocal >= 0.1 else 0.0
    names = [*PEER, "mrr@10"]
    means = {measure: sum(m[measure] for m in measures.values()) / len(measures) for measure in names}
    return {"name": name, "qrels": judgements, "run": run, "measures": measures, "means": means}


def drawn_judgements(rng, queries, docs):
    def of_one():
        return {doc: rng.choice([0, 1, 1, 2, 3]) for doc in rng.sample(docs, rng.randint(2, 14))}

    return {query: of_one() for query in queries}


def drawn_scores(rng, judged, docs):
    """Multiples of a quarter, somewhat higher for a better grade."""
    return {doc: (rng.randint(-8, 8) + 3 * judged.get(doc, 0)) / 4 for doc in docs}


def cases():
    rng = random.Random(20250218)
    docs = [f"{rng.choice('dDé_')}{number}" for number in range(150)]
    queries = [f"q{number}" for number in range(12)]
    names = {"docs": docs, "queries": queries}

    judgements = drawn_judgements(rng, queries, docs)
    run = {query: drawn_scores(rng, judgements[query], docs) for query in queries}
    yield names | solved("whole", judgements, run)

    judgements = drawn_judgements(rng, queries, docs)
    run = {}
    for query in queries:
        listed = set(rng.sample(docs, rng.randint(1, 60))) | set(rng.sample(sorted(judgements[query]), 2))
        run[query] = drawn_scores(rng, judgements[query], sorted(listed))
    run["q3"] = {}
    judgements["q5"] = {doc: 0 for doc in judgements["q5"]}
    yield names | solved("cut", judgements, run)


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases())
    Path(__file__).with_name("trec.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
