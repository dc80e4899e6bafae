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

/// For operands that don't go together, by what Trino says of them.
pub(super) fn operands(message: &str) -> Option<String> {
    let pair = |types: &str, between: &str| {
        let (left, right) = types.split_once(between)?;
        Some((left.to_owned(), right.to_owned()))
    };
    let (left, right, sum) = if let Some(types) = message.strip_prefix("Cannot apply operator: ") {
        let types = types.trim_end_matches('.');
        let sums = [" + ", " - "].into_iter().find_map(|operator| pair(types, operator)).map(|(l, r)| (l, r, true));
        let comparisons = [" = ", " <> ", " <= ", " >= ", " < ", " > "];
        sums.or_else(|| comparisons.into_iter().find_map(|operator| pair(types, operator)).map(|(l, r)| (l, r, false)))?
    } else {
        let (value, others) = message.strip_prefix("Cannot check if ")?.split_once(" is BETWEEN ")?;
        let (low, _) = others.split_once(" and ")?;
        (value.to_owned(), low.to_owned(), false)
    };
    let is_text = |name: &str| name.starts_with("varchar") || name.starts_with("char(");
    let is_whole = |name: &str| matches!(name, "tinyint" | "smallint" | "integer" | "bigint");
    if sum {
        let is_day = left == "date" || left.starts_with("timestamp");
        return (is_day && is_whole(&right))
            .then(|| "Write date_add('day', 7, x), or x + INTERVAL '7' DAY.".to_owned());
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
        name if is_whole(name) || matches!(name, "double" | "real") || name.starts_with("decimal") => {
            format!("Write a number without quotes; a column of texts becomes numbers by cast(x AS {name}).")
        }
        _ => return None,
    })
}

/// For a name that no column has, by the words of the statement.
pub(super) fn column(name: &str, words: &[Word]) -> Option<String> {
    let words: Vec<&Word> = words.iter().filter(|word| !word.is_space()).collect();
    let is_named = |word: &Word| matches!(&word.token, Token::Word(word) if word.value.eq_ignore_ascii_case(name));
    // Only in the list of SELECT: elsewhere AS stands in casts and before the names of tables.
    let mut depth = 0;
    for pair in words.windows(2) {
        match &pair[0].token {
            Token::LParen => depth += 1,
            Token::RParen => depth -= 1,
            Token::Word(word) if depth == 0 && word.keyword == Keyword::FROM => break,
            Token::Word(word) if depth == 0 && word.keyword == Keyword::AS && is_named(pair[1]) => {
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
            ("Cannot apply operator: date + date", None),
            ("Cannot apply operator: array(integer) = varchar", None),
            ("Cannot apply operator: integer - date", None),
            ("something else", None),
        ] {
            let given = operands(message);
            match advice {
                Some(advice) => assert!(given.is_some_and(|given| given.contains(advice)), "{message}"),
                None => assert_eq!(given, None, "{message}"),
            }
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
