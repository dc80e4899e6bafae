"""Every scalar function on all pairs of many values in columns, by a real Trino and by the embedded engine.

    eval "$(deploy/test/trino.sh start DIR)"
    python3 deploy/test/trino/grid.py BINARY [--rounds N] [--seed N] [--only NAME]

What fails is null for both. Ends with 1 if a value is another or if the engine fails alone.
"""

import itertools
import sys
import tempfile

from client import Refused, Trino
from expressions import FORMATS, HINTS, SMALL, WHOLE, Expressions, quoted, signatures, spelled
from fuzz import Ours
from places import options
from values import REFUSALS, same

# Values of each argument, by how many there are.
VALUES = {1: 80, 2: 26, 3: 9, 4: 5}
# Types that only constants have.
BY_TEXT = ("joniregexp", "jsonpath", "jsonpath2016", "codepoints")


def stored(of):
    return "varchar" if of[0] in BY_TEXT else spelled(of)


def pool(generator, name, at, of, count):
    """Different values of an argument, as literals."""
    hints = FORMATS if name == "format" and at == 0 else HINTS.get(name, {}).get(at)
    if hints:
        return [quoted(hint) if isinstance(hint, str) else str(hint) for hint in hints]
    if at in SMALL.get(name, []) and of[0] in WHOLE:
        return ["0", "1", "2", "3", "5", "10", "30", "-1"]
    drawn = (generator.literal(of, 4) for _ in range(4 * count))
    return list(itertools.islice(dict.fromkeys(drawn), count))


def statement(name, arguments, pools):
    """Rows of the places in the pools and of the value."""
    tables = []
    for at, (of, values) in enumerate(zip(arguments, pools)):
        rows = ", ".join(f"({number}, CAST({value} AS {stored(of)}))" for number, value in enumerate(values))
        tables.append(f"(SELECT * FROM (VALUES {rows}) WHERE random() >= 0) t{at}(i{at}, c{at})")
    places = ", ".join(f"i{at}" for at in range(len(arguments)))
    columns = ", ".join(f"c{at}" for at in range(len(arguments)))
    return f"SELECT {places}, TRY({name}({columns})) FROM {' CROSS JOIN '.join(tables)}"


def by_place(rows):
    return {tuple(row[:-1]): row[-1] for row in rows}


def compared(trino, ours, sql, near):
    """What became of a statement, how many values it has, and those that differ with their places."""
    here = ours.ask(sql)
    if here.get("error") in REFUSALS:
        return "refused here", 0, []
    try:
        theirs = by_place(trino.ask(sql)[1])
    except Refused as refused:
        return ("the same error" if here.get("error") == refused.name else "Trino fails"), 0, []
    if "error" in here:
        return "failed here", 0, [((), None, here)]
    here = by_place(here["rows"])
    if theirs.keys() != here.keys():
        return "different", len(theirs), [((), f"{len(theirs)} rows", f"{len(here)} rows")]
    differing = [(place, value, here[place]) for place, value in theirs.items() if not same(value, here[place], near)]
    return ("different" if differing else "equal"), len(theirs), differing


def main():
    asked_for = options(1)
    scalar, aggregate = signatures(Trino().ask("SHOW FUNCTIONS")[1])
    scalar = [of for of in scalar if of.arguments and all(argument[0] != "function" for argument in of.arguments)]
    trino, counts, values = Trino(patience=40), {}, 0
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(asked_for.binary, folder)
        for seed, signature in itertools.product(range(asked_for.seed, asked_for.seed + asked_for.rounds), scalar):
            if asked_for.only not in (None, signature.name):
                continue
            generator = Expressions(f"{seed} {signature.name}", scalar, aggregate)
            bound = {}
            arguments = [generator.bind(argument, bound) for argument in signature.arguments]
            arguments += arguments[-1:] * (signature.variadic and len(arguments) < 2)
            count = VALUES.get(len(arguments), 3)
            pools = [pool(generator, signature.name, at, of, count) for at, of in enumerate(arguments)]
            near = 2e-6 if any("real" in spelled(of) for of in arguments) else 1e-9
            what, asked, differing = compared(trino, ours, statement(signature.name, arguments, pools), near)
            counts[what] = counts.get(what, 0) + 1
            values += asked
            types = ", ".join(stored(of) for of in arguments)
            if what not in ("equal", "the same error"):
                print(f"{what}: {signature.name}({types}), {len(differing)} of {asked}", flush=True)
            for place, theirs, here in differing[:4]:
                print(f"  {[pools[at][number] for at, number in enumerate(place)]}\n    Trino {theirs!r}\n    ours {here!r}", flush=True)
    print(f"-- {sum(counts.values())} calls, {values} values: {counts}")
    sys.exit(1 if counts.get("different") or counts.get("failed here") else 0)


if __name__ == "__main__":
    main()
