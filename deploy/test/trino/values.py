"""Random expressions, by a real Trino and by the embedded engine.

    eval "$(deploy/test/trino.sh start DIR)"
    python3 deploy/test/trino/values.py BINARY [--expressions N] [--seed N] [--threads N] [--kinds scalar,aggregate,window,query,flat]

They are asked for many at once, which is why there can be so many; what fails is asked for again in halves, down to the
one that does. Statements that group, sort, join and compare are asked for one by one. A refusal is no difference, so Trino
is not asked then, and where both fail the names of the errors are compared. Ends with 1 if a value or a column's type is
another, or if one of the two fails alone.
"""

import argparse
import collections
import concurrent.futures
import itertools
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import threading

from client import Refused, Trino
from expressions import Expressions, signatures, statements
from fuzz import Ours

REFUSALS = ("NOT_SUPPORTED_HERE", "NOT_SUPPORTED")
TRINOS_OWN = re.compile(r"never null argument|is not a valid TINYINT literal|must evaluate to a integer \(actual: bigint\)")
# What is too large for the one is not for the other.
LIMITS = ("EXCEEDED_LOCAL_MEMORY_LIMIT", "SERIALIZATION_ERROR", "COMPILER_ERROR", "EXCEEDED_TIME_LIMIT", "QUERY_TOO_LARGE", "EXCEEDED_FUNCTION_MEMORY_LIMIT")


def plain(text):
    """Without what is written in two ways: zeros at the end of a time's fraction, padding, how a key holds a list."""
    text = re.sub(r"(\d\d:\d\d:\d\d)(?:\.0+|(\.\d*?[1-9])0+)(?!\d)", lambda found: found[1] + (found[2] or ""), text)
    return text.rstrip(" ").removeprefix("+") if TIME.match(text) else text.rstrip(" ")


TIME = re.compile(r"\+?\d+-\d\d-\d\d ")


def key(text, near):
    try:
        number = float(text)
        if text.lstrip("-").isdigit():
            return text
        # Java before its version 19 writes more digits of a real than it needs.
        return f"{number:.6g}" if near > 1e-7 else f"{number:.13g}"
    except ValueError:
        return plain(re.sub(r"[ \"]", "", text).replace("=", ":"))


def same(a, b, near=1e-9):
    if isinstance(a, float) or isinstance(b, float):
        if isinstance(a, (int, float)) and isinstance(b, (int, float)):
            # The least reals have few digits.
            return a == b or math.isclose(a, b, rel_tol=near, abs_tol=1e-45 if near > 1e-7 else 1e-300)
        return False
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, near) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        if all(any(name.startswith(("[", "{")) for name in of) for of in (a, b)):
            # Trino writes a list or a map that is a key as Java would, not as it writes values.
            return same_bag(a.values(), b.values(), near)
        if a.keys() != b.keys():
            a, b = ({key(name, near): value for name, value in of.items()} for of in (a, b))
        return a.keys() == b.keys() and all(same(a[name], b[name], near) for name in a)
    if isinstance(a, str) and isinstance(b, str):
        return plain(a) == plain(b)
    return type(a) is type(b) and a == b


def coarse(of, exact):
    """A type as far as results keep it: what Arrow has no type for is text there."""
    if exact:
        return re.sub(r"[ \"]", "", of.lower())
    of = re.sub(r"interval (day to second|year to month)", "varchar", of.lower())
    of = re.sub(r"\b(timestamp|time)\b(\(\d+\))?( with time zone)?", "varchar", of)
    of = re.sub(r"\b(json|uuid|ipaddress|varchar|char)\b(\(\d+\))?", "varchar", of)
    return re.sub(r"\bfield\d+ |[ \"]", "", of)


def same_bag(some, others, near):
    left = list(others)
    for value in some:
        at = next((at for at, other in enumerate(left) if same(value, other, near)), None)
        if at is None:
            return False
        del left[at]
    return not left


def whole(columns, rows):
    """A statement's answer as that of one expression."""
    return f"row({', '.join(column['type'] for column in columns)})", rows


class Theirs:
    def __init__(self):
        # Some it does not get to the end of.
        self.trino = Trino(patience=15)

    def ask(self, make, texts):
        """For each text its type and values in row order, or its error."""
        if make is None:
            return [self.statement(text) for text in texts]
        try:
            columns, rows = self.trino.ask(make(texts))
            return [(column["type"], [row[at] for row in rows]) for at, column in enumerate(columns)]
        except Refused as refused:
            if len(texts) == 1:
                return [refused]
            half = len(texts) // 2
            return self.ask(make, texts[:half]) + self.ask(make, texts[half:])


    def statement(self, text):
        try:
            return whole(*self.trino.ask(text))
        except Refused as refused:
            return refused


class Crate(Ours):
    """The crate alone, by its test `corpus`, which is built in a tenth of the time."""

    def __init__(self, binary):
        self.binary = binary
        self.start()

    def start(self):
        command = [self.binary, "one_statement", "--exact", "--nocapture"]
        environment = {**os.environ, "SQL": "-", "RUST_MIN_STACK": str(64 << 20)}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def ask(self, sql):
        self.process.stdin.write(json.dumps({"sql": sql}) + "\n")
        self.process.stdin.flush()
        while line := self.process.stdout.readline():
            # Between the answers are the lines of the test itself.
            if line.startswith("{"):
                return json.loads(line)
        self.start()
        return {"error": "CRASH", "message": ""}


class Here:
    def __init__(self, binary, folder):
        self.is_crate = "corpus" in binary
        self.ours = Crate(binary) if self.is_crate else Ours(binary, folder)

    def ask(self, make, texts):
        if make is None:
            answers = map(self.ours.ask, texts)
            return [answer if "error" in answer else whole(answer["columns"], answer["rows"]) for answer in answers]
        answer = self.ours.ask(make(texts))
        if "error" not in answer:
            return [(column["type"], [row[at] for row in answer["rows"]]) for at, column in enumerate(answer["columns"])]
        if len(texts) == 1:
            return [answer]
        half = len(texts) // 2
        return self.ask(make, texts[:half]) + self.ask(make, texts[half:])


def asked_of_trino(trino, make, texts, here):
    """Not what is refused here, and what failed here by itself, so that the others are rarely asked for twice."""
    errors = [answer["error"] if isinstance(answer, dict) else None for answer in here]
    sound = [at for at, error in enumerate(errors) if error is None]
    theirs = dict(zip(sound, trino.ask(make, [texts[at] for at in sound]) if sound else []))
    for at, error in enumerate(errors):
        if error not in (None, *REFUSALS):
            theirs[at], = trino.ask(make, [texts[at]])
    return [theirs.get(at) for at in range(len(texts))]


def outcome(theirs, here, is_ordered, exact):
    name = here["error"] if isinstance(here, dict) else None
    if theirs is None:
        return "refused here", here["message"]
    if isinstance(theirs, Refused):
        if theirs.name in LIMITS:
            return "too much for Trino", None
        if name == theirs.name:
            return "the same error", None
        if name:
            return "another error", f"Trino {theirs.name}: {theirs}\n  ours {name}: {here['message']}"
        # Then it checks its own calls, or a constant that it made too large itself.
        if theirs.name == "GENERIC_INTERNAL_ERROR" or TRINOS_OWN.search(str(theirs)):
            return "Trino's own fault", f"{theirs.name}: {theirs}\n  ours {here[1][:6]}"
        return "answered what Trino refuses", f"{theirs.name}: {theirs}\n  ours {here[1][:6]}"
    if name:
        return "failed here", f"{here}\n  Trino {theirs[0]} {theirs[1][:6]}"
    if coarse(theirs[0], exact) != coarse(here[0], exact):
        return "another type", f"Trino {theirs[0]}\n  ours {here[0]}"
    # Only rows that are neither grouped nor sorted for a window keep their order.
    near = 2e-6 if "real" in theirs[0] else 1e-9
    if same(theirs[1], here[1], near) if is_ordered else same_bag(theirs[1], here[1], near):
        return "equal", None
    return "different", f"Trino {theirs[1][:8]}\n  ours {here[1][:8]}"


BAD = ("different", "failed here", "answered what Trino refuses", "another type")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("binary")
    options.add_argument("--expressions", type=int, default=2000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--width", type=int, default=20)
    options.add_argument("--kinds", default="scalar,scalar,scalar,flat,aggregate,window,query")
    options = options.parse_args()
    scalar, aggregate = signatures(Trino().ask("SHOW FUNCTIONS")[1])
    kinds = options.kinds.split(",")
    local = threading.local()
    counts, since, longest = collections.Counter(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        def work(number):
            if not hasattr(local, "here"):
                local.theirs, local.here = Theirs(), Here(options.binary, f"{folder}/{threading.get_ident()}")
            generator = Expressions(options.seed * 1_000_003 + number, scalar, aggregate)
            kind = kinds[number % len(kinds)]
            width = options.width if kind in ("scalar", "query", "flat") else options.width // 3
            texts, make = statements(generator, kind, width)
            here = local.here.ask(make, texts)
            theirs = asked_of_trino(local.theirs, make, texts, here)
            is_ordered = lambda text: kind in ("scalar", "flat") or kind == "query" and re.search(r" ORDER BY [^()]*$", text)  # noqa: E731
            answers = []
            for text, *pair in zip(texts, theirs, here):
                what, why = outcome(*pair, is_ordered(text), local.here.is_crate)
                if what == "different":
                    # The last digit, and which of equals comes first, change with how Trino splits the rows.
                    again, = local.theirs.ask(make, [text])
                    if outcome(again, pair[1], is_ordered(text), local.here.is_crate)[0] == "equal":
                        what, why = "one of Trino's answers", None
                answers.append((make([text]) if make else text, what, why))
            return answers

        done = 0
        with concurrent.futures.ThreadPoolExecutor(options.threads) as pool:
            for start in itertools.count(0, 64):
                if done >= options.expressions:
                    break
                for answers in pool.map(work, range(start, start + 64)):
                    for sql, what, why in answers:
                        done += 1
                        counts[what] += 1
                        since = 0 if what in BAD else since + 1
                        longest = max(longest, since)
                        if why:
                            print(f"{what}: {sql}\n  {why}", flush=True)
                print(f"-- {done}: {dict(counts.most_common())}, {since} in a row", flush=True)
    for what, count in counts.most_common():
        print(f"{count:7} {what}")
    print(f"{longest:7} in a row without another answer")
    sys.exit(1 if any(counts[what] for what in BAD) else 0)


if __name__ == "__main__":
    main()
