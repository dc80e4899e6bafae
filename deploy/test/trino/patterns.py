"""Random statements with MATCH_RECOGNIZE, of few rows and many ways through them."""

import random

VARIABLES = ["A", "B", "C"]
NAMES = [*VARIABLES, "U", "W", ""]
QUANTIFIERS = ["*", "+", "?", "{2}", "{1,}", "{,2}", "{0,3}", "{2,3}"]
# Of these it is for the conditions to say which variable a row is of.
OPEN = ["(A | B)+ C", "(A | B | C)*", "(A B? | B)* C", "(A | B)*? C", "((A | B) (A | B))* C?", "(A | B)* (A | C)+",
        "A* B* C*", "(A+ | B)+ C", "(A? B?)* C", "(B | A C | A)+"]  # fmt: skip


class Patterns:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def one(self, *choices):
        return self.random.choice(choices)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def pattern(self, depth):
        if depth == 0 or self.chance(30):
            return self.one(*VARIABLES)
        inner = self.pattern(depth - 1)
        kind = self.random.randrange(70)
        if kind < 25:
            return f"{inner} {self.pattern(depth - 1)}"
        if kind < 40:
            return f"({inner} | {self.pattern(depth - 1)})"
        if kind < 62:
            return f"({inner}){self.one(*QUANTIFIERS)}{self.one('', '', '?')}"
        return self.one(
            f"PERMUTE({inner}, {self.pattern(depth - 1)})", f"PERMUTE({inner}, A, B)", f"{{- {inner} -}}", "()",
            f"^ {inner}", f"{inner} $",
        )  # fmt: skip

    def read(self, is_definition):
        """An expression, and whether it is the name of a variable."""
        name = self.one(*NAMES)
        column, classifier = f"{name}.n" if name else "n", f"CLASSIFIER({name})"
        mode = "" if is_definition else self.one("", "", "RUNNING ", "FINAL ")
        offset = lambda: self.one("", "", ", 0", ", 1", ", 2")
        near, far = self.one("PREV", "NEXT"), mode + self.one("FIRST", "LAST")
        aggregated = f"{self.one('sum', 'min', 'max', 'count')}({column})"
        rows = f"count({name}.*)" if name else "count(*)"
        of_row = [column, f"{far}({column}{offset()})", f"{near}({column}{offset()})",
                  f"{near}({far}({column}{offset()}){offset()})", "MATCH_NUMBER()", mode + aggregated, mode + rows,
                  f"{mode}count_if({classifier} = '{self.one(*VARIABLES)}')"]  # fmt: skip
        of_variable = [classifier, f"{far}({classifier}{offset()})", f"{near}({classifier}{offset()})",
                       f"{near}({far}({classifier}{offset()}){offset()})", f"{mode}max({classifier})"]  # fmt: skip
        is_variable = self.chance(35)
        return self.one(*(of_variable if is_variable else of_row)), is_variable

    def test(self, variable):
        read, is_variable = (f"{variable}.n", False) if self.chance(25) else self.read(True)
        if self.chance(20):
            return f"{read} IS {self.one('', 'NOT ')}NULL"
        if is_variable:
            return f"{read} {self.one('=', '<>')} '{self.one(*VARIABLES)}'"
        other, is_name = self.read(True)
        if is_name or self.chance(70):
            other = self.random.randint(0, 5)
        return f"{read} {self.one('<', '>', '=', '<>', '<=', '>=')} {other}"

    def statement(self):
        row = lambda number: f"({self.one(1, 1, 2)}, {number}, {self.one('NULL', *range(6), *range(6))})"
        rows = ", ".join(row(number) for number in range(1, self.random.randint(2, 11)))
        pattern = self.one(*OPEN) if self.chance(40) else self.pattern(self.one(2, 3, 3, 4))
        used = [name for name in VARIABLES if name in pattern.replace("PERMUTE", "")]
        if not used:
            return self.statement()
        unions = [("U", used[:2]), ("W", used[-2:]), *((name, used[:1]) for name in VARIABLES if name not in used)]
        subset = ", ".join(f"{name} = ({', '.join(of)})" for name, of in unions)
        defined = [name for name in used if self.chance(70)] or used[:1]
        conditions = [f"{name} AS {self.test(name)}{self.one('', '', f' OR {self.test(name)}')}" for name in defined]
        measures = ["MATCH_NUMBER() AS number", "array_agg(CLASSIFIER()) AS way"]
        measures += [f"{self.read(False)[0]} AS m{at}" for at in range(self.random.randint(1, 4))]
        unmatched = "WITH UNMATCHED ROWS" if "{-" not in pattern else ""
        given = self.one("ONE ROW PER MATCH", "ALL ROWS PER MATCH", "ALL ROWS PER MATCH OMIT EMPTY MATCHES",
                         f"ALL ROWS PER MATCH {unmatched}")  # fmt: skip
        to = f"TO {self.one('', 'FIRST ', 'LAST ')}{self.one(*used, 'U', 'W')}"
        skip = self.one("PAST LAST ROW", "PAST LAST ROW", "TO NEXT ROW", "TO NEXT ROW", to)
        order = self.one("PARTITION BY g ORDER BY id", "PARTITION BY g ORDER BY n DESC, id", "ORDER BY id")
        return (
            f"SELECT * FROM (VALUES {rows}) AS t (g, id, n) MATCH_RECOGNIZE ({order} MEASURES {', '.join(measures)} {given} "
            f"AFTER MATCH SKIP {skip} PATTERN ({pattern}) SUBSET {subset} DEFINE {', '.join(conditions)})"
        )
