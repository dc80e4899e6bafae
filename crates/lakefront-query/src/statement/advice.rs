//! What people write who know another system's SQL, and how Trino's says it.

use lakefront_trino::Word;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

/// For a function that Trino does not have.
pub(super) fn function(name: &str) -> Option<&'static str> {
    Some(match name {
        "ifnull" | "nvl" | "isnull" => "Write coalesce(x, y).",
        "iff" => "Write if(condition, x, y).",
        "decode" => "Write CASE x WHEN a THEN b ELSE c END.",
        "string_agg" | "group_concat" => "Write array_join(array_agg(x ORDER BY y), ', ').",
        "median" | "percentile_cont" | "percentile_disc" | "percentile" => {
            "Write approx_percentile(x, 0.5), whose answer is near the exact one."
        }
        "countif" => "Write count_if(condition).",
        "getdate" | "sysdate" | "sysdatetime" => "Write current_timestamp, or current_date for the day.",
        "curdate" | "today" => "Write current_date.",
        "to_char" | "strftime" | "date_to_string" => "Write date_format(x, '%Y-%m-%d').",
        "to_date" | "str_to_date" => {
            "Write date_parse(x, '%d.%m.%Y'), or cast(x AS date) where it is written 2025-01-31."
        }
        "datediff" | "timestampdiff" => "Write date_diff('day', from, to).",
        "dateadd" | "date_sub" | "adddate" | "subdate" | "timestampadd" => {
            "Write date_add('day', 7, x), or a negative number for the past."
        }
        "datepart" | "date_part" => "Write extract(month FROM x), or month(x).",
        "datetrunc" => "Write date_trunc('month', x).",
        "last_day" => "Write last_day_of_month(x).",
        "unix_timestamp" => "Write to_unixtime(x).",
        "convert" => "Write cast(x AS type).",
        "to_number" | "to_decimal" => "Write cast(x AS double), or try_cast where some are no numbers.",
        "len" | "char_length" | "character_length" => "Write length(x).",
        "left" => "Write substr(x, 1, n).",
        "mid" => "Write substr(x, start, n).",
        "right" => "Write substr(x, -n).",
        "charindex" | "instr" | "locate" => "Write strpos(x, part).",
        "lcase" => "Write lower(x).",
        "ucase" => "Write upper(x).",
        "regexp_substr" => "Write regexp_extract(x, pattern).",
        "regexp_matches" | "rlike" => "Write regexp_like(x, pattern).",
        "size" | "array_length" | "array_size" => "Write cardinality(x).",
        "array_contains" | "list_contains" => "Write contains(x, element).",
        "explode" => "Write CROSS JOIN UNNEST(x) AS t (element) behind the table.",
        "get_json_object" => "Write json_extract_scalar(x, '$.field').",
        _ => return None,
    })
}

/// For what is not in Trino's SQL, or not here, by what is said of it.
pub(super) fn construct(message: &str) -> Option<&'static str> {
    if let Some(name) = message.strip_prefix("Unknown type: ") {
        return named_type(&name.trim_end_matches('.').to_ascii_lowercase());
    }
    Some(match message.split_once(" is not supported")?.0 {
        "TOP" => "Write LIMIT 5 at the end of the statement.",
        "RLIKE" | "The operator ~" => "Write regexp_like(x, pattern).",
        "The operator ~*" => "Write regexp_like(x, '(?i)pattern').",
        "The operator //" => "Write x / y: of whole numbers it is a whole number.",
        "DISTINCT ON" => "Write GROUP BY x with max_by(y, z), or number the rows in a subquery by row_number().",
        "QUALIFY" => "Put the window function into a subquery under a name, and filter that with WHERE.",
        "PIVOT" => "Write sum(x) FILTER (WHERE y = 'a') for each of the new columns.",
        "UNPIVOT" => "Write CROSS JOIN UNNEST(ARRAY['a', 'b'], ARRAY[a, b]) AS t (name, value).",
        "GROUP BY ALL" => "Name what to group by, or its places in SELECT: GROUP BY 1, 2.",
        _ => return None,
    })
}

fn named_type(name: &str) -> Option<&'static str> {
    Some(match name {
        "string" | "text" | "nvarchar" => "A text is a varchar.",
        "int64" | "int8" | "long" => "A whole number is an integer, or a bigint beyond two billion.",
        "float64" | "float8" | "number" => {
            "A number with a fraction is a double, or a decimal(12, 2) where every digit counts."
        }
        "datetime" | "timestamptz" => "A time is a timestamp, or a timestamp with time zone.",
        "bool" => "Write boolean.",
        _ => return None,
    })
}

/// For a statement that can't be read, by what stands beside what in it.
pub(super) fn order(words: &[Word]) -> Option<&'static str> {
    let tokens: Vec<&Token> = words.iter().filter(|word| !word.is_space()).map(|word| &word.token).collect();
    let is = |token: &Token, keyword| matches!(token, Token::Word(word) if word.keyword == keyword);
    if tokens.first().is_some_and(|first| is(first, Keyword::FROM)) {
        return Some("SELECT stands before FROM.");
    }
    tokens.windows(3).find_map(|part| match part {
        [Token::Comma, from, _] if is(from, Keyword::FROM) => Some("No comma stands before FROM."),
        [Token::Mul, Token::Word(word), Token::LParen] => match word.keyword {
            Keyword::EXCEPT | Keyword::EXCLUDE | Keyword::RENAME | Keyword::REPLACE => {
                Some("After * stands nothing: name the columns that are wanted.")
            }
            _ => None,
        },
        _ => None,
    })
}

/// For operands that don't go together, by what Trino says of them.
pub(super) fn operands(message: &str, has_parameters: bool) -> Option<String> {
    let pair = |types: &str, between: &str| {
        let (left, right) = types.split_once(between)?;
        Some((left.to_owned(), right.to_owned()))
    };
    let (left, right, sum) = if let Some(types) = message.strip_prefix("Cannot apply operator: ") {
        let types = types.trim_end_matches('.');
        let sums = [" + ", " - "].into_iter().find_map(|operator| pair(types, operator)).map(|(l, r)| (l, r, true));
        let comparisons = [" = ", " <> ", " <= ", " >= ", " < ", " > "];
        sums.or_else(|| comparisons.into_iter().find_map(|operator| pair(types, operator)).map(|(l, r)| (l, r, false)))?
    } else if let Some(of) = message.strip_prefix("IN value and list items must be the same type: ") {
        return items(of.trim_end_matches('.'));
    } else {
        let (value, others) = message.strip_prefix("Cannot check if ")?.split_once(" is BETWEEN ")?;
        let (low, _) = others.split_once(" and ")?;
        (value.to_owned(), low.to_owned(), false)
    };
    if sum {
        let is_day = left == "date" || left.starts_with("timestamp");
        return if is_day && is_whole(&right) {
            Some("Write date_add('day', 7, x), or x + INTERVAL '7' DAY.".to_owned())
        } else if is_text(&left) && is_text(&right) && message.contains(" + ") {
            Some("Texts are joined by x || y.".to_owned())
        } else if is_text(&left) && is_number(&right) {
            Some(format!("A text becomes a number by cast(x AS {right})."))
        } else {
            None
        };
    }
    let other = match (is_text(&left), is_text(&right)) {
        (false, true) => left,
        (true, false) => right,
        _ => return None,
    };
    Some(match other.as_str() {
        "date" => "Write a day as date '2025-01-31'; a column of texts becomes days by cast(x AS date).".to_owned(),
        "boolean" => "Write true or false without quotes.".to_owned(),
        name if name.starts_with("timestamp") => {
            "Write a time as timestamp '2025-01-31 12:00:00'; a column of texts becomes times by cast(x AS timestamp)."
                .to_owned()
        }
        name if is_number(name) => {
            let parameter = if has_parameters { " (as the value of a parameter: double ones)" } else { "" };
            format!(
                "A number is written without quotes, a text between single ones{parameter}; a column of texts becomes numbers by cast(x AS {name})."
            )
        }
        _ => return None,
    })
}

/// What the items of an `IN` have to be.
fn items(of: &str) -> Option<String> {
    let items = match of {
        "date" => "days: date '2025-01-31'",
        name if is_text(name) => "texts, each between single quotes",
        name if is_number(name) => "numbers, without quotes",
        _ => return None,
    };
    Some(format!("Write the items of the list as {items}."))
}

fn is_text(name: &str) -> bool {
    name.starts_with("varchar") || name.starts_with("char(")
}

fn is_whole(name: &str) -> bool {
    matches!(name, "tinyint" | "smallint" | "integer" | "bigint")
}

fn is_number(name: &str) -> bool {
    is_whole(name) || matches!(name, "double" | "real") || name.starts_with("decimal")
}

/// A column's name as it is written in SQL.
pub(super) fn written(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// For a value that can't be cast.
pub(super) fn cast(message: &str) -> Option<String> {
    if let Some((to, value)) = message.strip_prefix("Value cannot be cast to ").and_then(|rest| rest.split_once(": ")) {
        let format = match value.chars().find(|letter| !letter.is_ascii_digit()) {
            Some('.') => "%d.%m.%Y",
            Some('/') => "%m/%d/%Y",
            _ => return Some(format!("try_cast(x AS {to}) is NULL where a value is no {to}.")),
        };
        return Some(format!("Days written so are read by cast(date_parse(x, '{format}') AS {to})."));
    }
    let (value, to) = message.strip_prefix("Cannot cast varchar '")?.trim_end_matches('.').rsplit_once("' to ")?;
    let is_figure = value.chars().all(|letter| matches!(letter, '0'..='9' | '.' | ',' | '-'));
    let commas = if is_number(to) && is_figure { value.matches(',').count() } else { 0 };
    Some(match (commas, value.rfind(',') > value.rfind('.')) {
        (0, _) => format!("try_cast(x AS {to}) is NULL where a value is no {to}."),
        (1, true) => format!("Decimal commas are read by cast(replace(replace(x, '.', ''), ',', '.') AS {to})."),
        _ => format!("Commas between thousands are left out by cast(replace(x, ',', '') AS {to})."),
    })
}

/// For a function of numbers that is given texts.
pub(super) fn arguments(message: &str) -> Option<String> {
    let call = message.strip_prefix("Unexpected parameters for function ")?;
    let (name, rest) = call.split_once('(')?;
    let counts = ["sum", "avg", "stddev", "variance", "approx_percentile", "round", "abs"];
    (counts.contains(&name) && is_text(rest))
        .then(|| format!("{name} takes numbers; a column of texts becomes numbers by cast(x AS double)."))
}

/// For a name that no column has, by the words of the statement.
pub(super) fn column(name: &str, words: &[Word]) -> Option<String> {
    let words: Vec<&Word> = words.iter().filter(|word| !word.is_space()).collect();
    let is_named = |word: &Word| matches!(&word.token, Token::Word(word) if word.value.eq_ignore_ascii_case(name));
    // Only in the list of SELECT: elsewhere AS stands in casts and before the names of tables.
    let mut depth = 0;
    for (at, word) in words.iter().enumerate() {
        match &word.token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::Word(word) if depth == 0 && word.keyword == Keyword::FROM => break,
            Token::Word(_) if depth == 0 && is_named(word) && names_what_is_before(&words, at) => {
                return Some(format!(
                    "`{name}` is a name that SELECT gives, which WHERE, GROUP BY, HAVING and other columns of it can't see: write its expression, or select from a subquery."
                ));
            }
            _ => {}
        }
    }
    words.into_iter().filter(|word| is_named(word)).find_map(|word| match &word.token {
        Token::Word(word) if word.quote_style.is_some() => {
            Some(format!("Names stand between double quotes; a text stands between single ones: '{}'.", word.value))
        }
        _ => None,
    })
}

/// Whether a word in the list of SELECT is the name of the expression before it, with AS or without.
fn names_what_is_before(words: &[&Word], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| &words[before].token) else { return false };
    let is_last = words.get(at + 1).is_some_and(|after| match &after.token {
        Token::Comma => true,
        Token::Word(word) => word.keyword == Keyword::FROM,
        _ => false,
    });
    match before {
        Token::Word(word) if word.keyword == Keyword::AS => true,
        Token::Word(word) => is_last && matches!(word.keyword, Keyword::NoKeyword | Keyword::END),
        Token::RParen | Token::RBracket | Token::Number(..) | Token::SingleQuotedString(_) => is_last,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use lakefront_trino::{functions, is_function};

    use super::*;

    #[test]
    fn operands_get_the_advice_that_fits() {
        for (message, advice) in [
            ("Cannot apply operator: date > varchar(10).", Some("date '2025-01-31'")),
            ("Cannot apply operator: varchar = date", Some("cast(x AS date)")),
            ("Cannot check if date is BETWEEN varchar(10) and varchar(10)", Some("date '2025-01-31'")),
            ("Cannot apply operator: timestamp(3) <= varchar", Some("timestamp '2025-01-31 12:00:00'")),
            ("Cannot apply operator: bigint = varchar(1)", Some("cast(x AS bigint)")),
            ("Cannot apply operator: decimal(10,2) <> varchar", Some("cast(x AS decimal(10,2))")),
            ("Cannot apply operator: date - integer", Some("INTERVAL '7' DAY")),
            ("Cannot apply operator: varchar + integer", Some("cast(x AS integer)")),
            ("IN value and list items must be the same type: varchar.", Some("single quotes")),
            ("IN value and list items must be the same type: boolean.", None),
            ("Cannot apply operator: date + date", None),
            ("Cannot apply operator: array(integer) = varchar", None),
            ("Cannot apply operator: integer - date", None),
            ("something else", None),
        ] {
            let given = operands(message, false);
            match advice {
                Some(advice) => assert!(given.is_some_and(|given| given.contains(advice)), "{message}"),
                None => assert_eq!(given, None, "{message}"),
            }
        }
    }

    #[test]
    fn values_that_cannot_be_cast_get_the_advice_that_fits() {
        for (message, advice) in [
            ("Value cannot be cast to date: 01.02.2025", "cast(date_parse(x, '%d.%m.%Y') AS date)"),
            ("Value cannot be cast to date: 1/31/2025", "'%m/%d/%Y'"),
            ("Value cannot be cast to date: none", "try_cast(x AS date)"),
            ("Cannot cast varchar '1.297,61' to double.", "replace(replace(x, '.', ''), ',', '.')"),
            ("Cannot cast varchar '1,297.61' to double.", "cast(replace(x, ',', '') AS double)"),
            ("Cannot cast varchar '1,234,567' to bigint.", "cast(replace(x, ',', '') AS bigint)"),
            ("Cannot cast varchar 'n/a' to decimal(10,2).", "try_cast(x AS decimal(10,2))"),
        ] {
            assert!(cast(message).is_some_and(|given| given.contains(advice)), "{message}: {:?}", cast(message));
        }
        assert_eq!(cast("Cannot cast bigint '300' to tinyint"), None);
        assert!(arguments("Unexpected parameters for function sum(varchar)").is_some());
        assert_eq!(arguments("Unexpected parameters for function sum(date)"), None);
    }

    #[test]
    fn names_are_written_as_sql_reads_them() {
        for (name, expected) in [
            ("amount", "amount"),
            ("_n2", "_n2"),
            ("total sales", "\"total sales\""),
            ("2025", "\"2025\""),
            ("a\"b", "\"a\"\"b\""),
        ] {
            assert_eq!(written(name), expected);
        }
    }

    /// What is called in the advice exists, and what it is for does not.
    #[test]
    fn functions_are_replaced_by_some_that_exist() {
        let foreign = ["ifnull", "string_agg", "median", "to_char", "to_date", "datediff", "dateadd", "len", "left"];
        for name in foreign.into_iter().chain(["instr", "regexp_substr", "size", "get_json_object", "unix_timestamp"]) {
            let advice = function(name).unwrap_or_default();
            let call = advice.strip_prefix("Write ").and_then(|advice| advice.split_once('('));
            assert!(call.is_some_and(|(call, _)| is_function(call)), "{name}: {advice}");
        }
        let taken: Vec<_> = functions().iter().filter(|known| function(known.name).is_some()).collect();
        assert!(taken.is_empty(), "{:?}", taken.iter().map(|known| known.name).collect::<Vec<_>>());
    }
}
