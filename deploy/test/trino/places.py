"""Every scalar function with its arguments as constants, as columns and mixed: the answer may not hang on which.

    python3 deploy/test/trino/places.py BINARY [--rounds N] [--seed N] [--only NAME]

It needs no Trino. Columns come once in equal rows and once with a row of nulls between. Where one placing fails that is
no difference: what stands behind a null is not evaluated. Ends with 1 if an answer is another, if the engine itself
fails, or if too little could be compared.
"""

import argparse
import itertools
import sys
import tempfile

from expressions import Expressions, signatures, spelled
from values import Here, same


OUR_FAULT = ("GENERIC_INTERNAL_ERROR", "INTERNAL", "ENGINE_CRASHED", "CRASH")


def placings(count):
    """Which arguments are columns: all, none, and up to three arguments every other way, too."""
    if count <= 3:
        return list(itertools.product((True, False), repeat=count))
    alone = [tuple(at == one for at in range(count)) for one in range(count)]
    return [(True,) * count, (False,) * count, *alone, *(tuple(not place for place in places) for places in alone)]


def asked(ours, signature, arguments, places, with_nulls):
    """The statement, and the answer in the rows that hold the arguments or the name of the error."""
    columns = [at for at, (of, _) in enumerate(arguments) if of[0] != "function"]
    value = {at: f"CAST({arguments[at][1]} AS {spelled(arguments[at][0])})" for at in columns}
    row = f"({', '.join(value[at] for at in columns)}, 1)"
    nulls = f"({', '.join(f'CAST(NULL AS {spelled(arguments[at][0])})' for at in columns)}, 1)"
    rows = [row, nulls, row] if with_nulls else [row, row]
    is_column = dict(zip(columns, places))
    texts = [f"t.c{at}" if is_column.get(at) else value.get(at, text) for at, (_, text) in enumerate(arguments)]
    names = ", ".join(f"c{at}" for at in [*columns, len(arguments)])
    sql = f"SELECT {signature.name}({', '.join(texts)}) FROM (SELECT * FROM (VALUES {', '.join(rows)}) WHERE random() >= 0) t({names})"
    answer = ours.ask(sql)
    if "error" in answer:
        return sql, answer["error"]
    values = [row[0] for row in answer["rows"]]
    return sql, [values[0], values[-1]]


def check(ours, generator, signature):
    """How many placings were compared, and the first pair of statements that answer otherwise."""
    arguments = generator.arguments(signature, {}, [], 1)
    count = sum(of[0] != "function" for of, _ in arguments)
    first, compared = None, 0
    for places, with_nulls in itertools.product(placings(count), (False, True)):
        sql, answer = asked(ours, signature, arguments, places, with_nulls)
        if answer in OUR_FAULT:
            return compared, f"{sql}\n  {answer}"
        if isinstance(answer, str):
            continue
        if first is None:
            first = sql, answer
            continue
        compared += 1
        if not same(first[1], answer):
            return compared, f"{first[0]}\n  {first[1]}\n{sql}\n  {answer}"
    return compared, None


def options(rounds):
    """Of a script that asks for every function, in so many rounds."""
    options = argparse.ArgumentParser()
    options.add_argument("binary")
    options.add_argument("--rounds", type=int, default=rounds)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only")
    return options.parse_args()


def main():
    asked_for = options(3)
    counts = {"calls": 0, "compared": 0, "different": 0}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        ours = Here(asked_for.binary, folder).ours
        scalar, aggregate = signatures(ours.ask("SHOW FUNCTIONS")["rows"])
        for number in range(asked_for.rounds):
            generator = Expressions(asked_for.seed * 1_000_003 + number, scalar, aggregate)
            for signature in scalar:
                if asked_for.only not in (None, signature.name) or not signature.arguments:
                    continue
                compared, found = check(ours, generator, signature)
                counts["calls"] += 1
                counts["compared"] += compared
                if found:
                    counts["different"] += 1
                    print(found, flush=True)
            print(f"-- round {number + 1}: {counts}", flush=True)
    # Were nearly all calls errors, nothing would have been looked at.
    sys.exit(counts["different"] > 0 or counts["compared"] < counts["calls"])


if __name__ == "__main__":
    main()
