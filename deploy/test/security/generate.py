"""Statements that are larger or deeper than anyone writes."""


def plus_chain(n):
    return "SELECT 1" + "+1" * n


def or_chain(n):
    return "SELECT * FROM forecast WHERE " + " OR ".join(f"restaurant_id = {i}" for i in range(n))


def parens(n):
    return "SELECT " + "(" * n + "1" + ")" * n


def not_chain(n):
    return "SELECT " + "NOT " * n + "true"


def minus_chain(n):
    return "SELECT " + "- " * n + "1"


def case_nest(n):
    return "SELECT " + "CASE WHEN true THEN " * n + "1" + " END" * n


def subquery_nest(n):
    return "SELECT * FROM (" * n + "SELECT 1 x" + ") t" * n


def call_nest(n):
    return "SELECT " + "abs(" * n + "1" + ")" * n


def array_nest(n):
    return "SELECT " + "ARRAY[" * n + "1" + "]" * n


def union_arms(n):
    return " UNION ALL ".join(["SELECT 1"] * n)


def cte_list(n):
    return "WITH " + ", ".join(f"c{i} AS (SELECT 1 x)" for i in range(n)) + " SELECT * FROM c0"


def cte_nest(n):
    return "WITH c AS (" * n + "SELECT 1 x" + ") SELECT * FROM c" * n


def join_list(n):
    return "SELECT count(*) FROM forecast t0 " + " ".join(f"JOIN forecast t{i} ON true" for i in range(1, n))


def comma_join(n):
    return "SELECT count(*) FROM " + ", ".join(f"forecast t{i}" for i in range(n))


def in_list(n):
    return f"SELECT * FROM forecast WHERE restaurant_id IN ({','.join(map(str, range(n)))})"


def column_list(n):
    return "SELECT " + ", ".join(map(str, range(n)))


def bracketed_plus(n):
    return "SELECT " + "(1+" * n + "1" + ")" * n


def concat_chain(n):
    return "SELECT 'a'" + "||'a'" * n


def between_chain(n):
    return "SELECT * FROM forecast WHERE " + " AND ".join(["restaurant_id BETWEEN 1 AND 2"] * n)


def like_chain(n):
    return "SELECT * FROM forecast WHERE " + " OR ".join(["state LIKE '%a%b%'"] * n)


def exists_nest(n):
    return "SELECT 1 WHERE " + "EXISTS (SELECT 1 WHERE " * n + "true" + ")" * n


def case_arms(n):
    return "SELECT CASE " + " ".join(f"WHEN restaurant_id = {i} THEN {i}" for i in range(n)) + " END FROM forecast"


def values_list(n):
    return "SELECT * FROM (VALUES " + ", ".join(["(1)"] * n) + ") t(x)"


def cast_nest(n):
    return "SELECT " + "CAST(" * n + "1" + " AS bigint)" * n
