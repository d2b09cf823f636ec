"""Golden numbers for the losses and the optimisers, from PyTorch.

Writes `losses.json` and `optimisers.json` beside itself; both are the same on every run (`pip install torch==2.15.0`).

PyTorch's autograd and its optimisers work in float64 here, so their rounding is far below what a test in f32 may
tolerate. The vectors given to them are multiples of 1/256 and the gradients multiples of 1/64: f32 holds them exactly.

`losses.json` is a list of cases. A query b has the positive columns P_b and the known columns K_b, which include P_b:
a known document is relevant, and so never a negative. Column c has the log weight w_c. The loss is the mean over the
queries, and within a query over p in P_b, of

    -log( exp(s_p) / (exp(s_p) + sum over c not in K_b of exp(s_c + w_c)) )

with s = <query, document> / temperature, both scaled to unit length first where `normalise` is true. Gradients belong to
the vectors as they are given, before any scaling. The cases named `in_batch` are computed by
`torch.nn.functional.cross_entropy` and only checked against this formula.

`optimisers.json` has the cases `adam`, `adagrad` and `sgd`: a table in which every row is a parameter with an optimiser
of its own, which steps only when a step touches the row. That is what lazy means: an untouched row keeps its place and
its moments, and the bias correction counts the row's own steps. In `adam_all_rows` the table is one parameter, and a row
that a step does not touch has the gradient zero.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

FOLDER = Path(__file__).parent


def digits(values):
    """Numbers of any shape, with the 12 digits that are worth keeping."""
    if isinstance(values, torch.Tensor):
        values = values.tolist()
    if isinstance(values, list):
        return [digits(value) for value in values]
    return float(f"{values:.12g}")


def exact(rng, *shape, of=256):
    """Normal numbers, rounded to multiples of 1/of so that f32 holds them exactly."""
    return torch.round(torch.randn(*shape, generator=rng, dtype=torch.float64) * of) / of


def several_positives(queries, docs, case):
    """The loss of the formula above, one term at a time."""
    if case["normalise"]:
        queries, docs = F.normalize(queries, dim=1), F.normalize(docs, dim=1)
    scores = queries @ docs.T / case["temperature"]  # (queries, documents)
    weighted = scores + torch.tensor(case["log_weights"], dtype=torch.float64)
    losses = []
    for row, (positives, known) in enumerate(zip(case["positives"], case["known"])):
        negatives = [column for column in range(len(docs)) if column not in known]
        terms = [
            torch.logsumexp(torch.cat([scores[row, p : p + 1], weighted[row, negatives]]), 0) - scores[row, p]
            for p in positives
        ]
        losses.append(torch.stack(terms).mean())
    return torch.stack(losses).mean()


def in_batch(queries, docs, case):
    """The softmax loss of [HR]: document b is the target of query b, every other document a negative."""
    return F.cross_entropy(queries @ docs.T / case["temperature"], torch.arange(len(queries)))


def solved(loss, case):
    """The case with its loss and gradients."""
    queries = torch.tensor(case["queries"], dtype=torch.float64, requires_grad=True)
    docs = torch.tensor(case["docs"], dtype=torch.float64, requires_grad=True)
    value = loss(queries, docs, case)
    assert torch.allclose(value, several_positives(queries, docs, case)), case["name"]
    value.backward()
    return case | {"loss": digits(value.item()), "grad_queries": digits(queries.grad), "grad_docs": digits(docs.grad)}


def vectors(rng, n_queries, n_docs, dim):
    return {"queries": exact(rng, n_queries, dim).tolist(), "docs": exact(rng, n_docs, dim).tolist()}


def diagonal(n):
    return {"positives": [[row] for row in range(n)], "known": [[row] for row in range(n)]}


def drawn_columns(rng, n_queries, n_docs, most_positives, most_known_beyond):
    """Columns as a deduplicated batch has them: different for every query, in ascending order."""
    positives, known = [], []
    for _ in range(n_queries):
        columns = torch.randperm(n_docs, generator=rng).tolist()
        n_positives = int(torch.randint(1, most_positives + 1, (), generator=rng))
        n_known = n_positives + int(torch.randint(0, most_known_beyond + 1, (), generator=rng))
        positives.append(sorted(columns[:n_positives]))
        known.append(sorted(columns[:n_known]))
    return {"positives": positives, "known": known}


def settings(name, temperature, n_docs, *, normalise=False, log_weights=None):
    weights = log_weights if log_weights is not None else [0.0] * n_docs
    return {"name": name, "temperature": temperature, "normalise": normalise, "log_weights": weights}


def loss_cases():
    rng = torch.Generator().manual_seed(20250916)
    for temperature in (20.0, 0.5):
        case = settings(f"in_batch_temperature_{temperature:g}", temperature, 8) | vectors(rng, 8, 8, 5) | diagonal(8)
        yield solved(in_batch, case)

    columns = drawn_columns(rng, 6, 9, 4, 0)
    case = settings("deduplicated_several_positives_masked", 2.0, 9) | vectors(rng, 6, 9, 7) | columns
    yield solved(several_positives, case)

    weights = (exact(rng, 9) - 1.5).tolist()
    case = settings("frequency_corrected", 2.0, 9, log_weights=weights) | vectors(rng, 6, 9, 7)
    yield solved(several_positives, case | drawn_columns(rng, 6, 9, 3, 0))

    case = settings("unit_sphere", 0.05, 10, normalise=True) | vectors(rng, 7, 10, 6)
    yield solved(several_positives, case | drawn_columns(rng, 7, 10, 3, 0))

    case = settings("extra_negatives", 1.0, 21) | vectors(rng, 5, 21, 4) | diagonal(5)
    yield solved(several_positives, case)

    columns = drawn_columns(rng, 6, 12, 3, 4)
    columns["known"][-1] = list(range(12))  # nothing is left to tell apart: this query's loss is 0
    case = settings("known_beyond_positives", 1.5, 12) | vectors(rng, 6, 12, 5) | columns
    yield solved(several_positives, case)

    weights = (exact(rng, 70) / 2).tolist()
    case = settings("larger", 0.1, 70, normalise=True, log_weights=weights) | vectors(rng, 37, 70, 24)
    yield solved(several_positives, case | drawn_columns(rng, 37, 70, 9, 5))


def optimised(name, rate, make, constants, *, lazy=True):
    """Six steps over some rows of a (5, 4) table; row 3 waits long between two of its own, row 4 is never touched."""
    rng = torch.Generator().manual_seed(7)
    table = exact(rng, 5, 4)
    steps = [
        {"rows": rows, "grads": exact(rng, len(rows), 4, of=64).tolist()}
        for rows in ([0, 1], [1, 2], [0, 1, 2, 3], [2], [0, 2], [1, 3])
    ]
    rows = [torch.nn.Parameter(row.clone()) for row in table]
    for row in rows:
        row.grad = torch.zeros(4, dtype=torch.float64)
    optimisers = [make([row]) for row in rows]
    for step in steps:
        for row, grad in zip(step["rows"], step["grads"]):
            rows[row].grad = torch.tensor(grad, dtype=torch.float64)
        for row in step["rows"] if lazy else range(5):
            optimisers[row].step()
            rows[row].grad = torch.zeros(4, dtype=torch.float64)
    after = digits(torch.stack([row.detach() for row in rows]))
    return {"name": name, "rate": rate} | constants | {"params": table.tolist(), "steps": steps, "expected": after}


def optimiser_cases():
    rate, beta1, beta2, epsilon = 0.05, 0.9, 0.999, 1e-8
    adam = lambda rows: torch.optim.Adam(rows, lr=rate, betas=(beta1, beta2), eps=epsilon)
    yield optimised("adam", rate, adam, {"beta1": beta1, "beta2": beta2, "epsilon": epsilon})
    constants = {"beta1": beta1, "beta2": beta2, "epsilon": epsilon}
    yield optimised("adam_all_rows", rate, adam, constants, lazy=False)
    adagrad = lambda rows: torch.optim.Adagrad(rows, lr=rate, eps=epsilon)
    yield optimised("adagrad", rate, adagrad, {"epsilon": epsilon})
    yield optimised("sgd", rate, lambda rows: torch.optim.SGD(rows, lr=rate), {})


def write(path, cases):
    """One case a line, so that a change shows where it is."""
    path.write_text("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    write(FOLDER / "losses.json", loss_cases())
    write(FOLDER / "optimisers.json", optimiser_cases())
