"""Random expressions, made from the signatures that Trino lists; `values.py` compares their values.

Types are tuples: ("bigint",), ("decimal", 10, 2), ("varchar", None), ("array", of), ("map", key, value), ("row", of…),
("timestamp", 3), ("timestamptz", 3), ("function", result, parameter…) and so on; in a signature, a name stands for any.
"""

import random
import re

PLAIN = [
    "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varbinary", "date", "daytime", "yearmonth",
    "json", "ipaddress", "uuid",
]  # fmt: skip
SPELLED = {"daytime": "interval day to second", "yearmonth": "interval year to month"}
WHOLE = ("tinyint", "smallint", "integer", "bigint")

# What has no value of its own, is another each time, or is answered within an error only.
LEFT_OUT = {
    "random", "rand", "uuid", "now", "shuffle", "current_groups", "current_date", "current_timezone", "bar", "render", "color", "rgb",
    "fail", "version", "approx_distinct", "approx_percentile", "approx_most_frequent", "numeric_histogram", "approx_set",
    "learn_classifier", "learn_libsvm_classifier", "learn_libsvm_regressor", "learn_regressor", "reduce_agg",
    "current_user", "make_set_digest", "merge", "empty_approx_set", "arbitrary", "any_value",
    # Its keys are in the order of hashes.
    "array_histogram",
    # They show the last bit of what Java computes otherwise on another machine.
    "to_ieee754_32", "to_ieee754_64",
}  # fmt: skip
OPAQUE = ("digest", "hyperloglog", "color", "unknown", "geometry", "classifier", "regressor", "model")

TEXTS = [
    "", " ", "a", "ab", "abc", "ABC", "aAbB", "hello world", "  padded  ", "a,b,c", "a=1,b=2", "k:v;x:y", "%", "_", "a%b_c", "null",
    "true", "FALSE", "t", "0", "1", "-1", "42", " 7 ", "+3", "007", "1.5", "-0.25", "1e3", "1E-2", ".5", "5.", "NaN", "Infinity",
    "99999999999", "9223372036854775807", "9223372036854775808", "123456789012345678901234567890.123456789", "2024-02-29",
    "2024-05-06", "2024-5-6", "1969-12-31", "0001-01-01", "2024-05-06 10:11:12", "2024-05-06 10:11:12.123456", "2024-05-06T10:11:12Z",
    "2024-05-06 10:11:12 Europe/Paris", "2024-05-06 10:11:12.5 +05:30", "10:11:12", "10:11:12.123", "23:59:59.999999", "10:11",
    "10:11:12+02:00", "é", "ß", "ñandú", "日本語", "😀", "e\u0301", "ﬁ", "İ", "ΑΣ", "a\tb", "line\nbreak", "\\", "'", "\"", "{}", "[]", "[1,2,3]",
    "[1, null, \"a\", 1.5]", "{\"a\": 1, \"b\": [1, 2, {\"c\": null}]}", "{\"a\":{\"b\":\"x\"}}", "\"text\"", "{\"a\": 1", "[true,false]",
    "http://example.com:8080/a/b?x=1&y=2#frag", "https://user@host/p%20q?k=v", "a%20b+c", "ftp://x", "aGVsbG8=", "68656C6C6F", "zz",
    "10.0.0.1", "::1", "fe80::1", "12345678-1234-5678-9abc-def012345678", "running", "flies", "1kB", "5.5MB", "3d", "1.5h", "P1D",
    "aaaaabbbbb", "x1y2z3", "foo.bar", "foo-bar_baz", "A1B2", "Robert", "Tymczak", "1234567812345670",
]  # fmt: skip
WHOLES = [0, 0, 1, 1, 2, 2, 3, 4, 5, 7, 8, 10, 12, 16, 31, 36, 63, 64, 100, 127, -1, -1, -2, -3, -7, -128]
LARGE = {"tinyint": 127, "smallint": 32767, "integer": 2147483647, "bigint": 9223372036854775807}
DOUBLES = [
    "0.0", "-0.0", "1.0", "-1.0", "0.5", "1.5", "2.5", "-2.5", "0.1", "3.14159", "10.0", "100.0", "123.456", "-123.456", "1.0E-3", "1.0E7",
    "1.23456789E10", "1.0E18", "9.3E18", "1.0E23", "1.0E300", "-1.0E300", "4.9E-324", "1.7976931348623157E308", "0.95", "0.05", "0.3",
    "NaN", "Infinity", "-Infinity", "2.0", "3.0", "7.0",
]  # fmt: skip
DATES = [
    "2024-01-01", "2024-02-29", "2023-12-31", "2024-05-06", "1970-01-01", "1969-12-31", "2000-01-31", "1900-03-01", "1582-10-10",
    "0001-01-01", "9999-12-31", "2021-01-03", "2020-12-28", "2024-03-31", "2024-10-27", "1582-10-04", "0000-02-29", "-0001-12-31", "12024-05-06",
]  # fmt: skip
CLOCKS = ["00:00:00", "23:59:59", "10:11:12", "12:00:00", "01:30:00", "02:30:00", "07:08:09"]
ZONES = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata", "+05:30", "-11:00", "+00:00", "Australia/Lord_Howe", "America/Sao_Paulo"]
JSONS = [
    "null", "1", "-1.5", "1e3", "true", "false", "\"a\"", "\"1\"", "\"2024-05-06\"", "[]", "{}", "[1,2,3]", "[1,null,\"a\",1.5,true]",
    "{\"a\":1,\"b\":[1,2,{\"c\":null}]}", "{\"a\":{\"b\":\"x\"},\"z\":\"é\"}", "[[1,2],[3]]", "{\"1\":\"one\",\"2\":null}",
    "{\"a\":1.50,\"a b\":2}", "9223372036854775808", "[{\"a\":1},{\"a\":2}]", "1.0", "100", "{\"b\":2,\"a\":1}",
]  # fmt: skip
JSON_PATHS = ["$", "$.a", "$.b", "$.b[0]", "$[0]", "$[1]", "$.b[2].c", "$.a.b", "$[\"a\"]", "$.z", "$.*", "$[*]", "$..a", "$.b[*]", "$[5]", "$.\"a b\""]
SQL_PATHS = [
    "lax $", "strict $", "lax $.a", "strict $.a", "lax $.b[0]", "lax $[*]", "lax $.b[*]", "lax $[1 to 2]", "lax $[last]", "lax $.*",
    "lax $[*] ? (@ > 1)", "lax $ ? (@.a == 1)", "lax $.a + 1", "lax $.size()", "lax $.b.size()", "lax $.type()", "lax $.a.type()",
    "lax $[*].a", "lax $.a.double()", "lax $.ceiling()", "lax $[*].floor()", "lax -$.a", "lax $.keyvalue()", "lax $.b[0, 1]",
    "lax $ ? (exists(@.a))", "lax $ ? (@.z starts with \"é\")", "lax $.b[*] ? (@ == 1 || @ == 2)", "strict $[0].a", "lax $.a * 2.5",
    "lax $ ? (@ like_regex \"a.*\")",
]  # fmt: skip
PATTERNS = [
    "a", "a+", "a*", "[a-c]", "[^a-c]", "b?", "(a)(b)", "(a|b)+", "\\d", "\\d+", "\\w+", "\\s", "\\S+", ".", ".*", "^", "$", "^a", "c$", "\\b", "\\bh", "(?i)abc",
    "(?<x>[a-z])(?<y>\\d)?", "a{2,3}", "a{2}", "a{2,}?", "a+?", "(a*)*", "[\\d.]+", "[,;:]", "\\.", "(?:ab)", "a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b",
    "(.)\\1", "\\p{L}+", "\\p{Lu}", "[[:alpha:]]+", "", "x*", "[", "(", "(?x) a b", "(?s).+", "(?m)^b", "é", "日", "[é-ü]", "\\x41", "\\\\", "(a)|(b)", "[a-z&&[^b]]",
    "\\D+", "\\W", "a|", "(?>a+)b", "a++", "\\Aa", "b\\z", "b\\Z", "\\h", "(o)(r)?", "\\t", "\\n", "[\\w-]+", "\\Qa.b\\E",
]  # fmt: skip
UNITS = ["millisecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "DAY"]
MYSQL = ["%Y-%m-%d", "%Y-%m-%d %H:%i:%s", "%d.%m.%y", "%a %b %e %c", "%W %M %D", "%H:%i:%s.%f", "%h:%i %p", "%j", "%k %l", "%r", "%T", "%v %x", "%%", "%S", "%I",
         "x", "%Y%m%d", "%s", "%q", "%w"]  # fmt: skip
JODA = ["yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.SSS", "dd/MM/yy", "EEE, d MMM yyyy", "EEEE MMMM", "h:mm a", "D", "e", "w x", "Z", "ZZ", "ZZZ", "z",
        "G YYYY", "''", "'x'", "HH:mm:ss.SSSSSS", "K k", "C"]  # fmt: skip
FORMATS = ["%s", "%d", "%5d", "%-5s|", "%05d", "%,d", "%.2f", "%8.3f", "%e", "%x", "%X", "%o", "%b", "%c", "%%", "%s %s", "%2$s %1$s", "%tY", "%10s", "%.1s", "%+d", "%(d", "%g", "%S"]

HINTS = {
    "date_trunc": {0: UNITS}, "date_add": {0: UNITS}, "date_diff": {0: UNITS}, "date_format": {1: MYSQL}, "date_parse": {1: MYSQL},
    "format_datetime": {1: JODA}, "parse_datetime": {1: JODA}, "at_timezone": {1: ZONES}, "with_timezone": {1: ZONES},
    "json_extract": {1: JSON_PATHS}, "json_extract_scalar": {1: JSON_PATHS}, "json_size": {1: JSON_PATHS},
    "normalize": {1: ["NFC", "NFD", "NFKC", "NFKD"]}, "split": {1: [",", " ", "b", "", ":"]}, "split_part": {1: [",", " ", "b", "", "."]},
    "split_to_map": {1: [",", ";"], 2: ["=", ":"]}, "split_to_multimap": {1: [",", ";"], 2: ["=", ":"]}, "format": {0: FORMATS},
    "word_stem": {1: ["en", "de", "fr", "es", "ru"]}, "url_extract_parameter": {1: ["x", "y", "k", "q"]},
    "regexp_replace": {2: ["", "x", "$1", "$0", "<$0>", "\\$", "${x}", "$2"]}, "from_utf8": {1: ["", "?", "�"]},
    "human_readable_seconds": {}, "array_join": {1: [",", "", "-"], 2: ["N", ""]}, "from_unixtime": {1: ZONES},
    "trim": {1: ["a", " ", "ab", ""]}, "ltrim": {1: ["a", " ", "ab"]}, "rtrim": {1: ["c", " ", "bc"]},
    "levenshtein_distance": {}, "parse_duration": {0: ["1s", "2.5m", "3h", "1d", "10ms", "1us", "x"]},
    "parse_data_size": {0: ["1B", "2kB", "2.5MB", "x"]}, "parse_presto_data_size": {0: ["1B", "2kB", "2.5MB", "x"]},
    "from_iso8601_date": {0: ["2024-05-06", "2024-W05", "2024-W05-3", "2024-123", "2024", "2024-05", "x"]},
    "from_iso8601_timestamp": {0: ["2024-05-06T10:11:12Z", "2024-05-06T10:11:12.123+02:00", "2024-05-06", "2024-05-06T10", "2024-W05-3T10:11", "T10", "x"]},
    "from_iso8601_timestamp_nanos": {0: ["2024-05-06T10:11:12Z", "2024-05-06T10:11:12.123456789+02:00", "2024-05-06T10:11", "x"]},
    "from_base": {1: [2, 8, 10, 16, 36, 1]}, "to_base": {1: [2, 8, 10, 16, 36, 37]}, "bit_count": {1: [8, 16, 32, 64, 2]},
}  # fmt: skip
# Offsets that frames over a key of the type may have.
SPANS = {
    **{name: ["0", "1", "2", "100"] for name in ("tinyint", "smallint", "integer", "bigint")},
    "double": ["0.5e0", "1", "2.5", "1e300", "infinity()"], "real": ["REAL '0.5'", "1", "REAL '1e30'"], "decimal": ["0", "1", "2.5"],
    "date": ["INTERVAL '1' DAY", "INTERVAL '1' MONTH", "INTERVAL '40' YEAR"],
    "timestamp": ["INTERVAL '1' HOUR", "INTERVAL '1' DAY", "INTERVAL '1' MONTH", "INTERVAL '0.001' SECOND"],
    "timestamptz": ["INTERVAL '1' HOUR", "INTERVAL '1' DAY", "INTERVAL '1' MONTH"],
    "time": ["INTERVAL '1' HOUR", "INTERVAL '0.5' SECOND"], "timetz": ["INTERVAL '1' HOUR"],
    "daytime": ["INTERVAL '1' DAY", "INTERVAL '1' SECOND"], "yearmonth": ["INTERVAL '1' MONTH", "INTERVAL '1' YEAR"],
}  # fmt: skip
# Not so large that one of the engines would be busy with it alone.
SMALL = {
    "repeat": [1], "lpad": [1], "rpad": [1], "sequence": [0, 1, 2], "combinations": [1], "ngrams": [1], "log2": [], "split": [2], "date_add": [1],
    "array_agg": [], "zip": [], "strpos": [2], "width_bucket": [3],
}  # fmt: skip
VARIADIC = {("concat", "varchar"), ("concat", "varbinary"), ("concat", "array"), ("greatest", ""), ("least", ""), ("map_concat", "map"),
            ("concat_ws", "varchar")}  # fmt: skip


def split(text):
    """At the commas outside of brackets."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def pattern(text):
    """A type of a signature."""
    text = text.strip()
    for name, spelled in SPELLED.items():
        if text == spelled:
            return (name,)
    zoned = text.endswith(" with time zone")
    text = text.removesuffix(" with time zone")
    head, _, rest = text.partition("(")
    inside = split(rest[:-1]) if rest else []
    if head in ("timestamp", "time"):
        return (head + ("tz" if zoned else ""), inside[0] if inside else "p")
    if head in ("array", "map"):
        return (head, *map(pattern, inside))
    if head == "row":
        return (head, *map(pattern, inside))
    if head == "function":
        *parameters, result = map(pattern, inside)
        return (head, result, *parameters)
    if head in ("varchar", "char"):
        return (head, inside[0] if inside else None)
    if head == "decimal":
        return (head, *inside)
    if head in PLAIN or head in ("joniregexp", "jsonpath", "codepoints"):
        return (head,)
    return ("any", head)


def spelled(of):
    head = of[0]
    if head in SPELLED:
        return SPELLED[head]
    if head in ("array", "map"):
        return f"{head}({', '.join(map(spelled, of[1:]))})"
    if head == "row":
        return f"row({', '.join(f'f{at} {spelled(field)}' for at, field in enumerate(of[1:]))})"
    if head in ("timestamptz", "timetz"):
        return f"{head[:-2]}({of[1]}) with time zone"
    if len(of) == 1 or of[1] is None:
        return head
    return f"{head}({', '.join(map(str, of[1:]))})"


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def bare(literal):
    """The value of a literal, without how it got its type."""
    found = re.fullmatch(r"CAST\((.*?)(?: AS \w+)?\)|(?:\w+ )?(.*)", literal, re.DOTALL)
    return (found[1] or found[2]).strip("'")


class Signature:
    def __init__(self, name, returns, arguments):
        self.name = name
        # The embedded engine's list has dots behind what may be repeated, Trino's does not tell.
        self.arguments = [pattern(argument.removesuffix("...")) for argument in split(arguments)]
        self.returns = pattern(returns)
        self.variadic = arguments.endswith("...") or any(
            name == known and (not head or self.arguments and self.arguments[-1][0] == head) for known, head in VARIADIC
        )


def signatures(listed):
    """Of the answer to SHOW FUNCTIONS: scalar functions and aggregates."""
    scalar, aggregate = [], []
    for name, returns, arguments, kind, *_ in listed:
        if name in LEFT_OUT or any(word in f"{returns} {arguments}".lower() for word in OPAQUE) or name.startswith(("st_", "$")):
            continue
        {"scalar": scalar, "aggregate": aggregate}.get(kind, []).append(Signature(name, returns, arguments))
    scalar.append(Signature("format", "varchar", "varchar, any1"))
    scalar.append(Signature("format", "varchar", "varchar, any1, any2"))
    return scalar, aggregate


class Expressions:
    def __init__(self, seed, scalar, aggregate):
        self.random = random.Random(seed)
        self.scalar, self.aggregate = scalar, aggregate
        self.by_head = {}
        for signature in scalar:
            self.by_head.setdefault(signature.returns[0], []).append(signature)
        self.by_name = {}
        for signature in scalar:
            self.by_name.setdefault(signature.name, []).append(signature)
        self.aggregates_by_name = {}
        for signature in aggregate:
            self.aggregates_by_name.setdefault(signature.name, []).append(signature)
        self.names = 0
        # Where each part of an expression is a column of its own, their types.
        self.own_columns = None

    def one(self, *choices):
        return self.random.choice(choices)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    # Types

    def any_type(self, depth=1, orderable=False):
        roll = self.random.randrange(100)
        if roll < 62 or depth <= 0:
            return self.flat(orderable)
        if roll < 80:
            return ("array", self.any_type(depth - 1, orderable))
        if roll < 90 and not orderable:
            return ("map", self.one(("bigint",), ("integer",), ("varchar", None), ("double",), ("date",)), self.any_type(depth - 1))
        return ("row", *(self.any_type(depth - 1, orderable) for _ in range(self.one(1, 2, 3))))

    def flat(self, orderable=False):
        roll = self.random.randrange(100)
        if roll < 55:
            name = self.one("integer", "bigint", "double", "boolean", "date", *PLAIN)
            return ("varchar", None) if orderable and name == "json" else (name,)
        if roll < 75:
            return ("varchar", self.one(None, None, None, 3, 10))
        if roll < 79:
            return ("char", self.one(1, 3, 8))
        if roll < 87:
            precision = self.one(1, 3, 5, 10, 17, 18, 19, 20, 30, 37, 38)
            return ("decimal", precision, self.random.randint(0, precision) if self.chance(60) else min(2, precision))
        digits = self.one(0, 3, 3, 6, 9, 12, self.random.randint(0, 12))
        return (self.one("timestamp", "timestamp", "timestamptz", "time", "timetz"), digits)

    def bind(self, of, bound):
        """A type of a signature, with its names chosen."""
        head = of[0]
        if head == "any":
            if of[1] not in bound:
                bound[of[1]] = self.any_type()
            return bound[of[1]]
        if head in ("array", "map", "row", "function"):
            return (head, *(self.bind(part, bound) for part in of[1:]))
        if head in ("timestamp", "timestamptz", "time", "timetz"):
            name = of[1] if len(of) > 1 else "p"
            if isinstance(name, str) and not name.isdigit():
                return (head, bound.setdefault("digits " + name, self.one(0, 3, 3, 6, 9, 12, self.random.randint(0, 12))))
            return (head, int(name))
        if head == "varchar":
            return (head, self.one(None, None, None, 5) if of[1] is not None else None)
        if head == "char":
            return (head, self.one(1, 3, 8))
        if head == "decimal":
            key = "decimal " + (of[1] if len(of) > 1 else "p")
            if key not in bound:
                precision = self.one(1, 3, 5, 10, 17, 18, 19, 20, 30, 37, 38)
                bound[key] = (precision, self.random.randint(0, precision) if self.chance(60) else min(2, precision))
            return (head, *bound[key])
        return of

    def learn(self, of, wanted, bound):
        """Whether a result's type may be the wanted one; then its names are bound."""
        head = of[0]
        if head == "any":
            return bound.setdefault(of[1], wanted) == wanted
        if head != wanted[0]:
            return False
        if head in ("array", "map", "row"):
            return len(of) == len(wanted) and all(self.learn(a, b, bound) for a, b in zip(of[1:], wanted[1:]))
        if head in ("timestamp", "timestamptz", "time", "timetz"):
            if str(of[1]).isdigit():
                return int(of[1]) == wanted[1]
            return bound.setdefault("digits " + of[1], wanted[1]) == wanted[1]
        if head == "varchar":
            return wanted[1] is None
        if head == "decimal":
            return len(of) == 3 and (of[1], of[2]) == ("p", "s") and bound.setdefault("decimal p", wanted[1:]) == wanted[1:]
        return head != "char"

    # Values

    def literal(self, of, null=8):
        head = of[0]
        if self.chance(null) and head not in ("joniregexp", "jsonpath", "codepoints"):
            return f"CAST(NULL AS {spelled(of)})"
        if self.own_columns is not None and self.chance(40) and (text := self.any_value(of)):
            return text
        if head == "boolean":
            return self.one("true", "false")
        if head in WHOLE:
            value = self.random.choice(WHOLES)
            if self.chance(8):
                value = self.one(LARGE[head], -LARGE[head] - 1, LARGE[head] - 1, LARGE[head] // 3)
            return f"{head} '{value}'" if value >= 0 or self.chance(50) else f"CAST({value} AS {head})"
        if head in ("double", "real"):
            return f"{head} '{self.random.choice(DOUBLES)}'" if self.chance(80) else f"CAST({self.random.uniform(-1000, 1000)!r} AS {head})"
        if head == "decimal":
            whole = self.random.randint(0, of[1] - of[2])
            digits = "".join(self.random.choice("0123456789") for _ in range(whole)) or "0"
            part = "".join(self.random.choice("0123456789") for _ in range(of[2])) if self.chance(80) else "0"
            if of[1] == of[2]:
                digits = "0"
            if self.chance(6):
                digits, part = "9" * (of[1] - of[2]) or "0", "9" * of[2] or "0"
            return f"CAST('{self.one('', '', '-')}{digits}.{part}' AS {spelled(of)})"
        if head == "varchar":
            text = quoted(self.random.choice(TEXTS))
            return text if of[1] is None and self.chance(60) else f"CAST({text} AS {spelled(of)})"
        if head == "char":
            return f"CAST({quoted(self.random.choice(TEXTS))} AS {spelled(of)})"
        if head == "varbinary":
            return self.one("X''", "X'00'", "X'616263'", "X'C3A9'", "X'FF'", "X'0102030405060708'", "X'E697A5FF41'", "to_utf8('aGVsbG8=')", "X'3FF8000000000000'",
                            "X'80000000'")  # fmt: skip
        if head == "date":
            return f"DATE '{self.random.choice(DATES)}'"
        if head in ("time", "timetz", "timestamp", "timestamptz"):
            digits = "".join(self.random.choice("0123456789") for _ in range(of[1])) if self.chance(75) else "0" * of[1]
            if self.chance(8):
                digits = "9" * of[1]
            text = self.random.choice(CLOCKS) + ("." + digits if digits else "")
            if head.startswith("timestamp"):
                text = f"{self.random.choice(DATES)} {text}"
            if head == "timestamptz":
                # There is no such time in Paris.
                text = text.replace("2024-03-31 02", "2024-03-31 04")
            if head == "timetz":
                text += self.one("+00:00", "+05:30", "-11:00", "+14:00", "+01:00")
            if head == "timestamptz":
                text += " " + self.random.choice(ZONES)
            return f"{'timestamp' if head.startswith('timestamp') else 'time'} '{text}'"
        if head == "daytime":
            return self.one("INTERVAL '1' DAY", "INTERVAL '-3' HOUR", "INTERVAL '90' MINUTE", "INTERVAL '1.5' SECOND", "INTERVAL '2 03:04:05.678' DAY TO SECOND",
                            "INTERVAL '0' SECOND", "INTERVAL '400' DAY", "INTERVAL '-0.001' SECOND")  # fmt: skip
        if head == "yearmonth":
            return self.one("INTERVAL '1' YEAR", "INTERVAL '-5' MONTH", "INTERVAL '1-2' YEAR TO MONTH", "INTERVAL '0' MONTH", "INTERVAL '14' MONTH")
        if head == "json":
            return f"JSON {quoted(self.random.choice(JSONS))}"
        if head == "ipaddress":
            return f"IPADDRESS '{self.one('10.0.0.1', '192.168.255.3', '::1', 'fe80::1', '2001:db8::ff00:42:8329')}'"
        if head == "uuid":
            return f"UUID '{self.one('12345678-1234-5678-9abc-def012345678', '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-4fff-bfff-ffffffffffff')}'"
        if head == "array":
            items = [self.literal(of[1], 15) for _ in range(self.one(0, 1, 2, 3, 3, 5))]
            text = f"ARRAY[{', '.join(items)}]"
            return f"CAST({text} AS {spelled(of)})"
        if head == "map":
            # A key is there once, however it is spelled.
            keys = {bare(text): text for text in (self.literal(of[1], 0) for _ in range(self.one(0, 1, 2, 3)))}
            keys = [keys[name] for name in sorted(keys)]
            values = [self.literal(of[2], 15) for _ in keys]
            return f"CAST(MAP(ARRAY[{', '.join(keys)}], ARRAY[{', '.join(values)}]) AS {spelled(of)})"
        if head == "row":
            return f"CAST(ROW({', '.join(self.literal(field) for field in of[1:])}) AS {spelled(of)})"
        if head == "joniregexp":
            return quoted(self.random.choice(PATTERNS))
        if head == "jsonpath":
            return quoted(self.random.choice(JSON_PATHS))
        if head == "codepoints":
            return quoted(self.one("a", " ", "ab", "xyz", "é"))
        raise ValueError(of)

    def any_value(self, of):
        """Not one of a list: of any size, or of several put together."""
        head, roll = of[0], self.random.randrange
        if head in WHOLE:
            most = LARGE[head]
            value = self.one(1, -1) * (roll(most + 1) >> roll(most.bit_length()))
            return f"CAST({value} AS {head})"
        if head in ("double", "real"):
            powers = (-320, 309) if head == "double" else (-46, 39)
            power = self.one(0, 0, 1, 2, 3, 5, 9, 15, 18, self.random.randrange(*powers))
            digits = self.random.randint(1, 17)
            return f"{head} '{self.one('', '-')}{roll(1, 10)}.{roll(10**digits):0{digits}}E{power}'"
        if head == "varchar" and of[1] is None:
            return quoted("".join(self.random.choice(TEXTS) for _ in range(self.one(2, 2, 3))))
        if head in ("date", "timestamp"):
            year = self.one(roll(1960, 2040), roll(1, 9999), roll(1960, 2040))
            day = f"{year:04}-{roll(1, 13):02}-{roll(1, 29):02}"
            if head == "date":
                return f"DATE '{day}'"
            clock = f"{roll(24):02}:{roll(60):02}:{roll(60):02}" + (f".{roll(10**of[1]):0{of[1]}}" if of[1] else "")
            return f"timestamp '{day} {clock}'"
        if head == "daytime":
            return f"INTERVAL '{roll(1 << roll(1, 19))}.{roll(1000):03}' SECOND"
        if head == "varbinary":
            return f"X'{self.random.randbytes(roll(20)).hex()}'"
        return None

    def value(self, of, scope, depth):
        """An expression of the type; `scope` is a list of names and types."""
        head = of[0]
        if head in ("joniregexp", "jsonpath", "codepoints"):
            return self.literal(of)
        if head == "function":
            return self.function(of, scope, depth)
        if self.own_columns is not None and not scope:
            self.own_columns.append(of)
            return f"t.c{len(self.own_columns) - 1}"
        known = [name for name, other in scope if other == of]
        if known and self.chance(45 if depth > 0 else 75):
            return self.random.choice(known)
        if depth <= 0 or self.chance(20):
            return self.literal(of)
        ways = [lambda: self.general(of, scope, depth)]
        ways += [lambda: self.called(of, scope, depth)] * 4
        own = self.special(of, scope, depth)
        ways += own * 2
        return self.random.choice(ways)() or self.literal(of)

    def function(self, of, scope, depth):
        result, parameters = of[1], of[2:]
        names = []
        for _ in parameters:
            self.names += 1
            names.append(f"x{self.names}")
        more = scope + list(zip(names, parameters))
        # What is given should mostly matter.
        body = self.value(result, more[-len(names):] if self.chance(60) else more, max(depth - 1, 1))
        return f"({', '.join(names)}) -> {body}"

    def called(self, of, scope, depth):
        """A call whose result is of the type."""
        candidates = self.by_head.get(of[0], []) + (self.by_head.get("any", []) if self.chance(40) else [])
        for _ in range(4):
            if not candidates:
                return None
            signature, bound = self.random.choice(candidates), {}
            if self.learn(signature.returns, of, bound):
                return self.call(signature, bound, scope, depth)
        return None

    def call(self, signature, bound, scope, depth):
        return f"{signature.name}({', '.join(text for _, text in self.arguments(signature, bound, scope, depth))})"

    def arguments(self, signature, bound, scope, depth):
        """A type and a text for each."""
        arguments = [self.bind(argument, bound) for argument in signature.arguments]
        if signature.variadic:
            # Where a null decides the call around it, Trino does not come to see that one is too few.
            arguments += [arguments[-1]] * self.one(int(signature.name == "concat"), 1, 1, 2)
        hints, small = HINTS.get(signature.name, {}), SMALL.get(signature.name, [])
        texts = []
        for at, of in enumerate(arguments):
            if at in hints and of[0] == "varchar" and self.chance(93):
                texts.append(quoted(self.random.choice(hints[at])))
            elif at in hints and of[0] in WHOLE:
                texts.append(str(self.random.choice(hints[at])))
            elif at in small and of[0] in WHOLE:
                texts.append(str(self.one(0, 1, 2, 3, 5, 10, 30, -1)))
            else:
                texts.append(self.value(of, scope, depth - 1))
        return list(zip(arguments, texts))

    def general(self, of, scope, depth):
        sub = lambda of=of: self.value(of, scope, depth - 1)  # noqa: E731
        boolean = ("boolean",)
        other = self.castable(of)
        return self.random.choice([
            lambda: f"coalesce({sub()}, {sub()})",
            lambda: f"if({sub(boolean)}, {sub()}, {sub()})",
            lambda: f"CASE WHEN {sub(boolean)} THEN {sub()} WHEN {sub(boolean)} THEN {sub()} ELSE {sub()} END",
            lambda: f"{self.one('CAST', 'CAST', 'TRY_CAST')}({sub(other)} AS {spelled(of)})",
            lambda: f"{self.one('CAST', 'CAST', 'TRY_CAST')}({sub(other)} AS {spelled(of)})",
            lambda: f"TRY({sub()})",
            lambda: f"{sub(('array', of))}[{self.one(1, 1, 2, 3)}]",
            lambda: f"element_at({sub(('map', ('bigint',), of))}, {self.one(0, 1, 2)})",
            lambda: f"CAST(ROW({sub()}, 1) AS row(f0 {spelled(of)}, f1 integer)).f0",
        ])()  # fmt: skip

    def castable(self, of):
        """A type that can be cast to this one, mostly."""
        head = of[0]
        numbers = [("bigint",), ("integer",), ("smallint",), ("tinyint",), ("double",), ("real",), ("decimal", 10, 2), ("decimal", 38, 5), ("boolean",),
                   ("varchar", None)]  # fmt: skip
        times = [("date",), ("timestamp", self.random.randint(0, 12)), ("timestamptz", self.random.randint(0, 12)), ("varchar", None)]
        if head in (*WHOLE, "double", "real", "decimal", "boolean"):
            return self.random.choice([*numbers, ("json",)])
        if head == "varchar":
            return self.flat()
        if head in ("date", "timestamp", "timestamptz"):
            return self.random.choice(times)
        if head in ("time", "timetz"):
            return self.random.choice([("time", self.random.randint(0, 12)), ("timetz", self.random.randint(0, 12)), *times[1:]])
        if head == "json":
            return self.one(("bigint",), ("double",), ("varchar", None), ("boolean",), ("date",), ("timestamp", 6), ("decimal", 20, 3), ("real",),
                            ("array", ("integer",)), ("map", ("varchar", None), ("double",)), ("row", ("bigint",), ("varchar", None)),
                            ("array", ("array", ("varchar", None))), ("map", ("bigint",), ("date",)))  # fmt: skip
        if head == "array":
            return ("array", self.castable(of[1])) if self.chance(85) else ("json",)
        if head == "map":
            return ("map", of[1], self.castable(of[2])) if self.chance(85) else ("json",)
        if head == "row":
            return ("row", *map(self.castable, of[1:])) if self.chance(85) else ("json",)
        return self.one(("varchar", None), of)

    def special(self, of, scope, depth):
        """Operators and forms that give the type."""
        sub = lambda of=of: self.value(of, scope, depth - 1)  # noqa: E731
        head = of[0]
        number = lambda: self.one(("bigint",), ("integer",), ("double",), ("decimal", 10, 2), ("real",), ("smallint",))  # noqa: E731
        text = ("varchar", None)
        if head == "boolean":
            some = self.any_type()
            ordered = self.any_type(1, orderable=True)
            return [
                lambda: f"({sub()} {self.one('AND', 'OR')} {sub()})",
                lambda: f"(NOT {sub()})",
                lambda: f"({sub(ordered)} {self.one('<', '<=', '>', '>=')} {sub(ordered)})",
                lambda: f"({sub(some)} {self.one('=', '<>')} {sub(some)})",
                lambda: f"({sub(number())} {self.one('=', '<>', '<', '<=', '>', '>=')} {sub(number())})",
                lambda: f"({sub(some)} IS {self.one('', 'NOT ')}NULL)",
                lambda: f"({sub(some)} IS {self.one('', 'NOT ')}DISTINCT FROM {sub(some)})",
                lambda: f"({sub(ordered)} {self.one('', 'NOT ')}BETWEEN {sub(ordered)} AND {sub(ordered)})",
                lambda: f"({sub(some)} {self.one('', 'NOT ')}IN ({sub(some)}, {sub(some)}))",
                lambda: f"({sub(text)} {self.one('', 'NOT ')}LIKE {quoted(self.one('a%', '%b%', '_', '__c', '%', '', 'a|%b', 'hello%', '%é%'))}{self.one('', '', ' ESCAPE ' + quoted('|'))})",
                lambda: f"json_exists({sub(text)}, {quoted(self.random.choice(SQL_PATHS))}{self.one('', ' TRUE ON ERROR', ' ERROR ON ERROR')})",
            ]  # fmt: skip
        if head in ("tinyint", "smallint", "integer", "bigint", "double", "real"):
            signs = [
                lambda: f"({sub()} {self.one('+', '-', '*', '/', '%')} {sub()})",
                lambda: f"(-{sub()})",
            ]
            if head == "bigint":
                signs += [
                    lambda: f"EXTRACT({self.one('YEAR', 'MONTH', 'DAY', 'DOW', 'DOY', 'WEEK', 'QUARTER', 'YOW')} FROM {sub(self.one(('date',), ('timestamp', 6), ('timestamptz', 3)))})",
                    lambda: f"EXTRACT({self.one('HOUR', 'MINUTE', 'SECOND')} FROM {sub(self.one(('time', 6), ('timestamp', 6), ('timestamptz', 3), ('daytime',)))})",
                    lambda: f"position({sub(text)} IN {sub(text)})",
                    lambda: f"json_value({sub(text)}, {quoted(self.random.choice(SQL_PATHS))} RETURNING bigint)",
                ]
            if head == "double":
                signs += [lambda: f"json_value({sub(text)}, {quoted(self.random.choice(SQL_PATHS))} RETURNING double)"]
            return signs
        if head == "decimal":
            other = ("decimal", max(1, of[1] // 2), of[2] // 2)
            return [
                lambda: f"CAST(({sub(other)} {self.one('+', '-', '*', '/', '%')} {sub(other)}) AS {spelled(of)})",
                lambda: f"(-{sub()})",
            ]
        if head == "varchar" and of[1] is None:
            return [
                lambda: f"({sub()} || {sub()})",
                lambda: f"json_value({sub()}, {quoted(self.random.choice(SQL_PATHS))}{self.one('', ' DEFAULT ' + quoted('d') + ' ON EMPTY', ' NULL ON ERROR')})",
                lambda: f"json_query({sub()}, {quoted(self.random.choice(SQL_PATHS))}{self.one('', ' WITH WRAPPER', ' WITH CONDITIONAL WRAPPER', ' EMPTY ARRAY ON ERROR')})",
                lambda: f"json_object({quoted(self.one('a', 'b'))} : {sub(self.one(('bigint',), text, ('double',), ('boolean',)))}{self.one('', ' ABSENT ON NULL')})",
                lambda: f"json_array({sub(self.one(('bigint',), text, ('double',), ('boolean',)))}, {sub(text)}{self.one('', ' NULL ON NULL')})",
                lambda: f"substring({sub()} FROM {self.one(1, 2, -1, 0)} FOR {self.one(1, 2, 10)})",
                lambda: f"trim({self.one('BOTH', 'LEADING', 'TRAILING')} {quoted(self.one('a', ' ', 'ab'))} FROM {sub()})",
            ]  # fmt: skip
        if head in ("timestamp", "date", "timestamptz", "time", "timetz"):
            spans = [("daytime",), ("yearmonth",)] if head in ("timestamp", "timestamptz") else [("daytime",)] if head != "date" else [("yearmonth",)]
            days = lambda: self.one("INTERVAL '1' DAY", "INTERVAL '-3' DAY") if head == "date" else sub(self.random.choice(spans))  # noqa: E731
            ways = [lambda: f"({sub()} {self.one('+', '-')} {days()})", lambda: f"({sub()} {self.one('+', '-')} {sub(self.random.choice(spans))})"]
            if head == "timestamptz":
                ways.append(lambda: f"({sub()} AT TIME ZONE {quoted(self.random.choice(ZONES))})")
            return ways
        if head == "daytime":
            stamp = self.one(("timestamp", 3), ("timestamptz", 3), ("date",), ("time", 3))
            return [
                lambda: f"({sub()} {self.one('+', '-')} {sub()})",
                lambda: f"({sub()} {self.one('*', '/')} {sub(self.one(('bigint',), ('double',)))})",
                lambda: f"({sub(stamp)} - {sub(stamp)})",
                lambda: f"(-{sub()})",
            ]
        if head == "yearmonth":
            return [
                lambda: f"({sub()} {self.one('+', '-')} {sub()})",
                lambda: f"({sub()} {self.one('*', '/')} {sub(self.one(('bigint',), ('double',)))})",
            ]
        if head == "array":
            return [lambda: f"({sub()} || {sub()})", lambda: f"ARRAY[{sub(of[1])}, {sub(of[1])}]", lambda: f"({sub()} || {sub(of[1])})"]
        if head == "map":
            return [lambda: f"MAP({sub(('array', of[1]))}, {sub(('array', of[2]))})"]
        return []

    # What is compared

    def table(self, in_order):
        """Rows of a few columns of random types, and the columns."""
        some = [("bigint",), ("varchar", None), ("double",), ("boolean",), *(self.any_type(2) for _ in range(6))]
        # Columns of literals are as long as their longest text.
        columns = [(f"t.c{at}", of) for at, of in enumerate(some)]
        rows = [
            "(" + ", ".join(f"CAST({self.literal(of, 15)} AS {spelled(of)})" for of in some) + ")" for _ in range(self.one(1, 3, 4, 6))
        ]
        names = ", ".join(f"c{at}" for at in range(len(some)))
        rows = f"(VALUES {', '.join(rows)})"
        # The condition keeps Trino from putting the values into the expressions, as it could not with a table's.
        return f"{rows if in_order else f'(SELECT * FROM {rows} WHERE random() >= 0)'} t({names})", columns

    def rows(self, pools):
        """A few rows, whose columns have the values of the pools."""
        rows = ["(" + ", ".join(map(self.random.choice, pools)) + ")" for _ in range(self.one(1, 2, 4, 6))]
        return f"(VALUES {', '.join(rows)})"

    def query(self):
        """A statement: grouping, sorting, joining and comparing by values of any type."""
        some = [self.any_type(1), self.any_type(1, orderable=True), self.one(("bigint",), ("double",), ("varchar", None)), self.any_type(2)]
        # Few values, so that rows meet.
        pools = [[f"CAST({self.literal(of, 25)} AS {spelled(of)})" for _ in range(3)] for of in some]
        names = ", ".join(f"c{at}" for at in range(len(some)))
        t, u = f"{self.rows(pools)} t({names})", f"{self.rows(pools)} u({names})"
        at = self.random.randrange(4)
        sorted_by = [at for at, of in enumerate(some) if orderable(of)]
        ordered = self.random.choice(sorted_by) if sorted_by else None
        forms = [
            lambda: f"SELECT t.c{at}, count(*), count(t.c3), count(DISTINCT t.c1) FROM {t} GROUP BY t.c{at}",
            lambda: f"SELECT t.c0, t.c2, count(*), max(t.c2) FROM {t} GROUP BY {self.one('t.c0, t.c2', 'ROLLUP (t.c0, t.c2)', 'CUBE (t.c2, t.c0)', 'GROUPING SETS ((t.c0, t.c2), (t.c2), ())')}",
            lambda: f"SELECT count(DISTINCT t.c{at}), count(DISTINCT t.c2), approx_distinct(t.c{at}) FROM {t}",
            lambda: f"SELECT DISTINCT t.c{at}, t.c2 FROM {t}",
            lambda: f"SELECT t.c{at}, t.c2 FROM {t} {self.one('UNION', 'UNION ALL', 'INTERSECT', 'EXCEPT', 'INTERSECT ALL', 'EXCEPT ALL')} SELECT u.c{at}, u.c2 FROM {u}",
            lambda: f"SELECT t.c{at}, t.c2, u.c2 FROM {t} {self.one('', 'LEFT ', 'RIGHT ', 'FULL ')}JOIN {u} ON t.c{at} = u.c{at}",
            lambda: f"SELECT t.c2, t.c{at} {self.one('', 'NOT ')}IN (SELECT u.c{at} FROM {u}) FROM {t}",
            lambda: f"SELECT t.c2, EXISTS (SELECT 1 FROM {u} WHERE u.c{at} = t.c{at}) FROM {t}",
            lambda: f"SELECT t.c2, t.c{at} {self.one('=', '<>')} {self.one('ALL', 'ANY', 'SOME')} (SELECT u.c{at} FROM {u}) FROM {t}",
            lambda: f"SELECT t.c{at} IS NOT DISTINCT FROM u.c{at}, t.c{at} = u.c{at}, t.c2 < u.c2 FROM {t} CROSS JOIN {u}",
        ]  # fmt: skip
        if ordered is not None:
            direction = self.one("", " DESC", " NULLS FIRST", " DESC NULLS LAST")
            forms += [
                lambda: f"SELECT t.c{ordered} FROM {t} ORDER BY t.c{ordered}{direction}",
                lambda: f"SELECT t.c{ordered} FROM {t} ORDER BY t.c{ordered}{direction} OFFSET 1 LIMIT 2",
                lambda: f"SELECT min(t.c{ordered}), max(t.c{ordered}), min(t.c{ordered}, 2), max_by(t.c{ordered}, t.c{ordered}) FROM {t}",
                lambda: f"SELECT t.c2, t.c{ordered} {self.one('<', '<=', '>', '>=')} {self.one('ALL', 'ANY')} (SELECT u.c{ordered} FROM {u}) FROM {t}",
                lambda: f"SELECT t.c2, (SELECT max(u.c{ordered}) FROM {u} WHERE u.c2 = t.c2) FROM {t}",
                lambda: f"SELECT t.c2, u.c2 FROM {t} JOIN {u} ON t.c{ordered} {self.one('<', '>=')} u.c{ordered}",
                lambda: f"SELECT array_sort(array_agg(t.c{ordered})), array_distinct(array_agg(t.c{at})) FROM {t} WHERE t.c{at} IS NOT NULL",
            ]  # fmt: skip
        if some[3][0] in ("array", "map"):
            names = "x" if some[3][0] == "array" and some[3][1][0] != "row" else None
            if names:
                forms.append(lambda: f"SELECT t.c2, v.x, v.n FROM {t} CROSS JOIN UNNEST(t.c3) WITH ORDINALITY AS v(x, n)")
                forms.append(lambda: f"SELECT t.c2, v.x FROM {t} LEFT JOIN UNNEST(t.c3) AS v(x) ON true")
            elif some[3][0] == "map":
                forms.append(lambda: f"SELECT t.c2, v.x, v.y FROM {t} CROSS JOIN UNNEST(t.c3) AS v(x, y)")
        return self.random.choice(forms)()

    def scalar_expression(self, scope):
        """One that begins with each function equally often, or with a form."""
        if self.chance(70):
            signature = self.random.choice(self.by_name[self.random.choice(list(self.by_name))])
            text = self.call(signature, {}, scope, self.one(1, 1, 2, 3))
        else:
            of = self.any_type(2)
            text = self.general(of, scope, 2) if self.chance(50) else (self.random.choice(self.special(of, scope, 2) or [lambda: self.general(of, scope, 2)])())
        return f"TRY({text})" if self.own_columns is not None or self.chance(90) else text

    def flat_statement(self, width):
        """Functions and forms of columns alone, each column with many values, of which any may fail."""
        self.own_columns = []
        texts = [self.scalar_expression([]) for _ in range(width)]
        rows = [
            "(" + ", ".join(f"CAST({self.literal(of, 4)} AS {spelled(of)})" for of in self.own_columns) + ")" for _ in range(16)
        ]
        names = ", ".join(f"c{at}" for at in range(len(self.own_columns)))
        return texts, f"(SELECT * FROM (VALUES {', '.join(rows)}) WHERE random() >= 0) t({names})"

    def sketch(self, scope):
        """Aggregates that LEFT_OUT names, by what is told of what they give."""
        value = lambda *of: self.value(self.random.choice(of), scope, 1)  # noqa: E731
        whole, double, text = ("bigint",), ("double",), ("varchar", None)
        share = self.one("0.0", "0.1", "0.25", "0.5", "0.9", "1.0")
        number = self.one(whole, double, ("real",))
        some = self.any_type()
        return self.one(
            f"approx_distinct({value(some)}{self.one('', '', ', 0.1', ', 0.26', ', 0.0040625', ', 0.3')})",
            f"cardinality(approx_set({value(whole, double, text)}))",
            f"cardinality(make_set_digest({value(some)}))",
            f"intersection_cardinality(make_set_digest({value(some)}), make_set_digest({value(some)}))",
            f"jaccard_index(make_set_digest({value(some)}), make_set_digest({value(some)}))",
            f"hash_counts(make_set_digest({value(some)}))",
            f"approx_percentile({value(number)}, {share})",
            f"approx_percentile({value(number)}, ARRAY[{share}, 0.5])",
            f"approx_percentile({value(number)}, {self.one('1.0', '2.0', '3.5')}, {share})",
            f"value_at_quantile(tdigest_agg({value(double)}), {share})",
            f"values_at_quantiles(tdigest_agg({value(double)}, {self.one('1.0', '2.0')}), ARRAY[0.0, {share}])",
            f"value_at_quantile(qdigest_agg({value(number)}), {share})",
            f"values_at_quantiles(qdigest_agg({value(number)}, {self.one(1, 2)}), ARRAY[0.0, 1.0])",
            f"approx_most_frequent({self.one(1, 3, 10)}, {value(whole, text)}, {self.one(10, 100)})",
            f"numeric_histogram({self.one(2, 3, 10)}, {value(double, ('real',))}{self.one('', ', 2.0')})",
            f"reduce_agg({value(whole)}, BIGINT '0', (a, b) -> bitwise_xor(a, b), (a, b) -> bitwise_xor(a, b))",
            f"reduce_agg({value(text)}, 0, (a, b) -> a + length(substr(b, 1, 9)), (a, b) -> a + b)",
        )  # fmt: skip

    def aggregate_expression(self, scope):
        if self.chance(12):
            text = self.sketch(scope)
            return text + f" FILTER (WHERE {self.value(('boolean',), scope, 1)})" if self.chance(20) and text.count("(") == 1 else text
        return self.aggregate_call(scope)

    def aggregate_call(self, scope, is_window=False):
        signature = self.random.choice(self.aggregates_by_name[self.random.choice(list(self.aggregates_by_name))])
        bound = {}
        arguments = [self.bind(argument, bound) for argument in signature.arguments]
        if signature.name in ("max", "min") and len(arguments) == 2 and arguments[1] == ("bigint",):
            texts = [self.value(arguments[0], scope, 1), str(self.one(1, 2, 3))]
        else:
            texts = [self.value(of, scope, 1) for of in arguments]
        # Which of several with the same key are taken is Trino's heap's to say, and how it splits the rows.
        ties = signature.name in ("max_by", "min_by") and (len(arguments) == 3 or "t.c" not in texts[1])
        if ties or is_window and signature.name == "listagg":
            return f"count({texts[0]})"
        if signature.name == "listagg":
            return f"listagg({texts[0]}, ',') WITHIN GROUP (ORDER BY {texts[0]})"
        inside = ", ".join(texts) or "*"
        if is_window:
            return f"{signature.name}({inside})"
        ordered = [name for name, of in scope if orderable(of)]
        if signature.name in ("array_agg", "map_agg", "multimap_agg") and ordered:
            # All columns, so that rows that tie are alike in what can be told apart.
            inside += " ORDER BY " + ", ".join(ordered)
        # Beside others, Trino counts every row for a constant.
        elif texts and self.chance(15) and len(texts) == 1 and (signature.name != "count" or "t.c" in inside):
            inside = "DISTINCT " + inside
        text = f"{signature.name}({inside})"
        if self.chance(20):
            text += f" FILTER (WHERE {self.value(('boolean',), scope, 1)})"
        return text

    def window_expression(self, scope):
        ordered = [name for name, of in scope if orderable(of)]
        if not ordered:
            return "count(*) OVER ()"
        order = ", ".join(f"{name}{self.one('', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST')}" for name in self.random.sample(ordered, len(ordered)))
        value, of = self.random.choice(scope)
        number = self.one("t.c0", "t.c2")
        bounds = ["UNBOUNDED PRECEDING", "2 PRECEDING", "1 PRECEDING", "CURRENT ROW", "1 FOLLOWING", "2 FOLLOWING", "UNBOUNDED FOLLOWING"]
        start, end = sorted(self.random.sample(range(7), 2))
        frame = f" {self.one('ROWS', 'ROWS', 'GROUPS')} BETWEEN {bounds[start]} AND {bounds[end]}" if self.chance(60) else ""
        spans = [(name, of) for name, of in scope if of[0] in SPANS]
        if self.chance(15):
            name, of = self.random.choice(spans)
            offsets = SPANS[of[0]]
            order = f"{name}{self.one('', ' DESC', ' NULLS FIRST', ' DESC NULLS FIRST')}"
            bounds = [f"{self.random.choice(offsets)} PRECEDING", "CURRENT ROW", f"{self.random.choice(offsets)} FOLLOWING"]
            start, end = sorted(self.random.choices(range(3), k=2))
            ends = [*bounds[:start], "UNBOUNDED PRECEDING"], [*bounds[end + 1:], "UNBOUNDED FOLLOWING"]
            start, end = self.one(bounds[start], bounds[start], ends[0][-1]), self.one(bounds[end], bounds[end], ends[1][-1])
            frame = f" RANGE BETWEEN {start} AND {end}"
            function = self.one("count(*)", "sum(t.c0)", "min(t.c2)", "max(t.c0)", "avg(t.c2)", "sum(t.c2)", f"count({value})")
        elif self.chance(15):
            order, frame = f"t.c0{self.one('', ' DESC', ' NULLS FIRST')}", f" RANGE BETWEEN {self.one('1', '2', '100')} PRECEDING AND {self.one('CURRENT ROW', '3 FOLLOWING')}"
            function = self.one("count(*)", "sum(t.c0)", "min(t.c2)", "max(t.c0)", "avg(t.c2)", "sum(t.c2)", f"count({value})")
        else:
            function = self.one(
                "row_number()", "rank()", "dense_rank()", "percent_rank()", "cume_dist()", f"ntile({self.one(1, 2, 3)})", f"lag({value}{self.one('', ', 2', ', 0')})",
                f"lead({value}{self.one('', ', 2')})", f"first_value({value})", f"last_value({value})", f"nth_value({value}, {self.one(1, 2)})",
                f"sum({number})", f"avg({number})", f"min({number})", f"max({number})", f"count({value})", f"array_agg({value})", f"stddev({number})",
                f"count_if({self.value(('boolean',), scope, 1)})", f"variance({number})", f"bool_and(t.c3)", f"arbitrary({value})", f"sum(CAST(t.c0 AS decimal(20,2)))",
                f"max_by({value}, {number})", self.aggregate_call(scope, True), self.aggregate_call(scope, True), self.aggregate_call(scope, True),
                f"lag({value}, 1, {value})", f"lead({value}, {self.one(1, 3)}, {value})", f"last_value({value}) IGNORE NULLS", f"nth_value({value}, 2) IGNORE NULLS",
                f"lead({value}) IGNORE NULLS", f"first_value({value}) IGNORE NULLS", f"lag({value}) IGNORE NULLS",
            )  # fmt: skip
            if re.match(r"(row_number|rank|dense|percent|cume|ntile|lag|lead)", function):
                frame = ""
        by = self.one("", "", "PARTITION BY t.c3 ")
        return f"{function} OVER ({by}ORDER BY {order}{frame})"


def orderable(of):
    # Within an array or a row a null can't be sorted, which makes nothing else of the expression known.
    return of[0] not in ("json", "map", "array", "row") and all(orderable(part) for part in of[1:] if isinstance(part, tuple))


def statements(generator, kind, width):
    """The relation, the expressions, and what makes one statement of some of them."""
    if kind == "query":
        return [generator.query() for _ in range(width)], None
    if kind == "flat":
        texts, relation = generator.flat_statement(width)
        return texts, lambda texts: f"SELECT {', '.join(texts)} FROM {relation}"
    relation, scope = generator.table(kind != "scalar")
    make = {"scalar": generator.scalar_expression, "aggregate": generator.aggregate_expression, "window": generator.window_expression}[kind]
    tail = " GROUP BY t.c3" if kind == "aggregate" and generator.chance(60) else ""
    return [make(scope) for _ in range(width)], lambda texts: f"SELECT {', '.join(texts)} FROM {relation}{tail}"
