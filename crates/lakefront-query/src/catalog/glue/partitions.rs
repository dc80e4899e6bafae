//! The partitions that a statement can touch.

use futures::TryStreamExt;

use super::{Declared, Key, Partitions};
use crate::aws::Glue;
use crate::catalog::condition::KeyOrder;
use crate::catalog::{Condition, Constant, Test};

/// How Hive writes NULL.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";
const MOST_PARTITIONS: usize = 50_000;
/// Glue takes expressions of 2,048 characters.
const LONGEST_EXPRESSION: usize = 2_000;

/// Where the files of one partition are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Partition {
    /// One per partition key; `None` is NULL.
    pub(super) values: Vec<Option<String>>,
    /// `s3://bucket/prefix`.
    pub(super) location: String,
}

/// The conditions on partition keys. A use of the table without any makes all others idle.
pub(super) fn on_keys(keys: &[Key], conditions: &[Vec<Condition>]) -> Vec<Vec<Condition>> {
    let is_key = |condition: &&Condition| keys.iter().any(|key| key.name == condition.column);
    let uses: Vec<Vec<Condition>> = conditions.iter().map(|all| all.iter().filter(is_key).cloned().collect()).collect();
    if uses.is_empty() || uses.iter().any(Vec::is_empty) { vec![Vec::new()] } else { uses }
}

/// Whether rows with these values of the first keys may be taken by one of the uses.
pub(super) fn may_hold(keys: &[Key], values: &[Option<&str>], conditions: &[Vec<Condition>]) -> bool {
    let holds = |condition: &Condition| {
        keys.iter()
            .zip(values)
            .find(|(key, _)| key.name == condition.column)
            .is_none_or(|(key, value)| condition.may_hold(*value, key.order()))
    };
    conditions.iter().any(|all| all.iter().all(holds))
}

/// Or why they are not known here, as a clause.
pub(super) async fn touched(
    glue: &Glue,
    table: &Declared,
    conditions: &[Vec<Condition>],
) -> Result<Vec<Partition>, String> {
    match &table.partitions {
        Partitions::None => Ok(vec![Partition { values: Vec::new(), location: table.location.clone() }]),
        Partitions::Projected(projection) => projection.partitions(&table.keys, conditions),
        Partitions::Registered => registered(glue, table, conditions).await,
    }
}

async fn registered(glue: &Glue, table: &Declared, conditions: &[Vec<Condition>]) -> Result<Vec<Partition>, String> {
    let expression = expression(&table.keys, conditions);
    let pages = glue.partitions(&table.database, &table.name, expression.as_deref());
    let mut pages = std::pin::pin!(pages);
    let mut partitions = Vec::new();
    while let Some(page) = pages.try_next().await.map_err(|error| format!("its partitions can't be read: {error}"))? {
        for partition in page {
            let other = |theirs: &Option<String>, own: &Option<String>| theirs.is_some() && theirs != own;
            if other(&partition.serde, &table.serde) || other(&partition.input_format, &table.input_format) {
                return Err("its partitions are written in several ways".to_owned());
            }
            if partition.values.len() != table.keys.len() {
                return Err("its partitions have other keys than the table".to_owned());
            }
            let Some(location) = partition.location else {
                return Err("one of its partitions has no location".to_owned());
            };
            let values: Vec<Option<String>> =
                partition.values.into_iter().map(|value| (value != NULL).then_some(value)).collect();
            let known: Vec<Option<&str>> = values.iter().map(Option::as_deref).collect();
            if may_hold(&table.keys, &known, conditions) {
                partitions.push(Partition { values, location });
            }
        }
        if partitions.len() > MOST_PARTITIONS {
            return Err(format!("this statement touches more than {MOST_PARTITIONS} partitions"));
        }
    }
    Ok(partitions)
}

/// What Glue is asked for, so that it does not send every partition of the table. Keys of other types than text and
/// integers are compared here.
fn expression(keys: &[Key], conditions: &[Vec<Condition>]) -> Option<String> {
    let uses: Option<Vec<String>> = conditions
        .iter()
        .map(|all| {
            let terms: Vec<String> = all.iter().filter_map(|condition| term(keys, condition)).collect();
            (!terms.is_empty()).then(|| terms.join(" AND "))
        })
        .collect();
    let uses = uses?;
    let expression = match uses.as_slice() {
        [one] => one.clone(),
        many => many.iter().map(|all| format!("({all})")).collect::<Vec<_>>().join(" OR "),
    };
    (!expression.is_empty() && expression.len() <= LONGEST_EXPRESSION).then_some(expression)
}

fn term(keys: &[Key], Condition { column, test }: &Condition) -> Option<String> {
    let key = keys.iter().find(|key| key.name == *column)?;
    if !column.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let written = |constant: &Constant| match (constant, key.order()) {
        (Constant::Text(text), KeyOrder::Text) => Some(format!("'{}'", text.replace('\'', "''"))),
        (Constant::Integer(number), KeyOrder::Integer) => Some(number.to_string()),
        _ => None,
    };
    Some(match test {
        Test::In(constants) => match constants.as_slice() {
            [one] => format!("{column} = {}", written(one)?),
            many => {
                let many: Option<Vec<String>> = many.iter().map(written).collect();
                format!("{column} IN ({})", many?.join(", "))
            }
        },
        Test::Less(constant) => format!("{column} < {}", written(constant)?),
        Test::AtMost(constant) => format!("{column} <= {}", written(constant)?),
        Test::More(constant) => format!("{column} > {}", written(constant)?),
        Test::AtLeast(constant) => format!("{column} >= {}", written(constant)?),
    })
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    #[test]
    fn glue_is_asked_for_what_may_hold() {
        let keys = [
            Key { name: "day".to_owned(), data_type: DataType::Utf8 },
            Key { name: "hour".to_owned(), data_type: DataType::Int32 },
            Key { name: "on".to_owned(), data_type: DataType::Date32 },
        ];
        let is = |column: &str, test: Test| Condition { column: column.to_owned(), test };
        let text = |text: &str| Constant::Text(text.to_owned());
        let first = vec![
            is("day", Test::AtLeast(text("it's"))),
            is("hour", Test::In(vec![Constant::Integer(1), Constant::Integer(2)])),
            is("on", Test::Less(Constant::Date("2024-01-01".to_owned()))),
            is("other", Test::In(vec![text("x")])),
        ];
        assert_eq!(
            expression(&keys, std::slice::from_ref(&first)).as_deref(),
            Some("day >= 'it''s' AND hour IN (1, 2)")
        );
        let second = vec![is("hour", Test::More(Constant::Integer(20)))];
        assert_eq!(
            expression(&keys, &[first.clone(), second]).as_deref(),
            Some("(day >= 'it''s' AND hour IN (1, 2)) OR (hour > 20)")
        );
        assert_eq!(expression(&keys, &[first.clone(), Vec::new()]), None);
        assert_eq!(on_keys(&keys, &[first.clone(), Vec::new()]), vec![Vec::new()]);
        assert_eq!(on_keys(&keys, &[first])[0].len(), 3);
    }
}
