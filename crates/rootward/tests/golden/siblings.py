"""Golden numbers for the contrast of siblings, from PyTorch.

Writes `siblings.json` beside itself, the same on every run (`pip install torch==2.15.0`). A case has vectors of queries and
of columns, and contests: a query, the column that should win, its rivals with the logarithms of their weights, and how
much the contest counts. The loss is the sum over the contests of

    weight * -log( exp(s_winner) / (exp(s_winner) + sum over rivals r of exp(s_r + log_weight_r)) )

over the number of queries, with s = <query, column> / temperature; each contest is one call of `cross_entropy`. Everything
is in float64, and the vectors are multiples of 1/256, which f32 holds exactly.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

from losses import digits, exact


def solved(case):
    queries = torch.tensor(case["queries"], dtype=torch.float64, requires_grad=True)
    columns = torch.tensor(case["columns"], dtype=torch.float64, requires_grad=True)
    loss = torch.zeros((), dtype=torch.float64)
    for contest in case["contests"]:
        named = columns[[contest["winner"], *contest["rivals"]]]
        weighted = torch.tensor([0.0, *contest["log_weights"]], dtype=torch.float64)
        logits = (named @ queries[contest["query"]] / case["temperature"] + weighted)[None]
        loss = loss + contest["weight"] * F.cross_entropy(logits, torch.tensor([0]))
    loss = loss / len(queries)
    loss.backward()
    return case | {
        "loss": digits(loss.item()),
        "grad_queries": digits(queries.grad),
        "grad_columns": digits(columns.grad),
    }


def case(rng, batch, n_columns, dim, temperature, weighted):
    def draw(n):
        return int(torch.randint(n, (), generator=rng))

    contests = []
    for query in range(batch):
        for _ in range(1 + draw(3)):
            order = torch.randperm(n_columns, generator=rng).tolist()
            winner, rivals = order[0], sorted(order[1 : 2 + draw(n_columns - 2)])
            log_weights = exact(rng, len(rivals)).tolist() if weighted else [0.0] * len(rivals)
            weight = (1 + draw(8)) / 4 if weighted else 1.0
            contests.append(dict(query=query, winner=winner, rivals=rivals, log_weights=log_weights, weight=weight))
    return dict(
        temperature=temperature,
        queries=exact(rng, batch, dim).tolist(),
        columns=exact(rng, n_columns, dim).tolist(),
        contests=contests,
    )


if __name__ == "__main__":
    rng = torch.Generator().manual_seed(7)
    cases = [
        case(rng, 1, 3, 2, 1.0, False),
        case(rng, 4, 9, 5, 0.5, False),
        case(rng, 6, 14, 8, 0.5, True),
        case(rng, 3, 6, 17, 2.0, True),
    ]
    Path(__file__).with_suffix(".json").write_text(json.dumps([solved(c) for c in cases], indent=1) + "\n")
