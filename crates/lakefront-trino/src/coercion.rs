//! Which values go where another type is asked for, without a cast in the text.

use crate::types::{MAX_PRECISION, Type};

/// The longest `char`.
const MAX_CHAR: u32 = 65_536;

/// The type both can become, if there is one.
pub fn common_type(a: &Type, b: &Type) -> Option<Type> {
    if a == b {
        return Some(a.clone());
    }
    Some(match (a, b) {
        (Type::Unknown, other) | (other, Type::Unknown) => other.clone(),
        (Type::Decimal { precision: p, scale: s }, Type::Decimal { precision: q, scale: t }) => {
            let scale = (*s).max(*t);
            let digits = (p - s).max(q - t) + scale;
            Type::decimal(digits.min(MAX_PRECISION), scale)
        }
        (Type::Varchar(a), Type::Varchar(b)) => Type::Varchar(a.zip(*b).map(|(a, b)| a.max(b))),
        (Type::Char(a), Type::Char(b)) => Type::Char(*a.max(b)),
        // Both coerce to the other; compared, spaces at the end do not count.
        (Type::Char(a), Type::Varchar(b)) | (Type::Varchar(b), Type::Char(a)) => {
            Type::Char(b.unwrap_or(MAX_CHAR).min(MAX_CHAR).max(*a))
        }
        (Type::Time(a), Type::Time(b)) => Type::Time(*a.max(b)),
        (Type::TimeTz(a), Type::TimeTz(b)) => Type::TimeTz(*a.max(b)),
        (Type::Timestamp(a), Type::Timestamp(b)) => Type::Timestamp(*a.max(b)),
        (Type::TimestampTz(a), Type::TimestampTz(b)) => Type::TimestampTz(*a.max(b)),
        (Type::Array(a), Type::Array(b)) => Type::array(common_type(a, b)?),
        (Type::Map(key_a, value_a), Type::Map(key_b, value_b)) => {
            Type::map(common_type(key_a, key_b)?, common_type(value_a, value_b)?)
        }
        (Type::Row(a), Type::Row(b)) if a.len() == b.len() => Type::Row(
            a.iter()
                .zip(b)
                .map(|((name_a, a), (name_b, b))| {
                    let name = if name_a == name_b { name_a.clone() } else { None };
                    Some((name, common_type(a, b)?))
                })
                .collect::<Option<_>>()?,
        ),
        _ => match widened(a, b) {
            Some(widened) => common_type(&widened, b)?,
            None => common_type(a, &widened(b, a)?)?,
        },
    })
}

pub fn common_type_of<'a>(types: impl IntoIterator<Item = &'a Type>) -> Option<Type> {
    types.into_iter().try_fold(Type::Unknown, |common, next| common_type(&common, next))
}

/// Whether a value goes where the other type is asked for.
pub fn can_coerce(from: &Type, to: &Type) -> bool {
    match (from, to) {
        _ if from == to => true,
        // Names of fields do not matter here.
        (Type::Row(from), Type::Row(to)) => {
            from.len() == to.len() && from.iter().zip(to).all(|((_, from), (_, to))| can_coerce(from, to))
        }
        (Type::Array(from), Type::Array(to)) => can_coerce(from, to),
        (Type::Map(from_key, from_value), Type::Map(to_key, to_value)) => {
            can_coerce(from_key, to_key) && can_coerce(from_value, to_value)
        }
        _ => common_type(from, to).as_ref() == Some(to),
    }
}

/// A type as the smallest one of another's kind that holds all its values.
fn widened(from: &Type, kind_of: &Type) -> Option<Type> {
    let digits = match from {
        Type::Tinyint => Some(3),
        Type::Smallint => Some(5),
        Type::Integer => Some(10),
        Type::Bigint => Some(19),
        _ => None,
    };
    Some(match (from, kind_of) {
        (Type::Tinyint, Type::Smallint) => Type::Smallint,
        (Type::Tinyint | Type::Smallint, Type::Integer) => Type::Integer,
        (Type::Tinyint | Type::Smallint | Type::Integer, Type::Bigint) => Type::Bigint,
        (Type::Tinyint | Type::Smallint | Type::Integer | Type::Bigint | Type::Decimal { .. }, Type::Real) => {
            Type::Real
        }
        (
            Type::Tinyint | Type::Smallint | Type::Integer | Type::Bigint | Type::Decimal { .. } | Type::Real,
            Type::Double,
        ) => Type::Double,
        (_, Type::Decimal { .. }) => Type::decimal(digits?, 0),
        (Type::Date, Type::Timestamp(_)) => Type::Timestamp(0),
        (Type::Date, Type::TimestampTz(_)) => Type::TimestampTz(0),
        (Type::Time(fraction), Type::TimeTz(_)) => Type::TimeTz(*fraction),
        (Type::Timestamp(fraction), Type::TimestampTz(_)) => Type::TimestampTz(*fraction),
        (Type::Varchar(length), Type::Char(_)) => Type::Char(length.unwrap_or(65_536).min(65_536)),
        (Type::Char(length), Type::Varchar(_)) => Type::Varchar(Some(*length)),
        (Type::P4HyperLogLog, Type::HyperLogLog) => Type::HyperLogLog,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{can_coerce, common_type};
    use crate::types::Type;

    #[test]
    fn common_types_are_trinos() {
        let common = |a: &str, b: &str| {
            let (a, b) = (Type::parse(a).expect("a type"), Type::parse(b).expect("a type"));
            common_type(&a, &b).map(|common| common.to_string())
        };
        let is = |name: &str| Some(name.to_owned());
        assert_eq!(common("integer", "bigint"), is("bigint"));
        assert_eq!(common("bigint", "decimal(10,2)"), is("decimal(21,2)"));
        assert_eq!(common("decimal(38,0)", "real"), is("real"));
        assert_eq!(common("date", "timestamp(6)"), is("timestamp(6)"));
        assert_eq!(common("varchar(3)", "varchar"), is("varchar"));
        assert_eq!(common("array(integer)", "array(double)"), is("array(double)"));
        assert_eq!(common("varchar", "integer"), None);
        assert!(can_coerce(&Type::Unknown, &Type::Json));
        assert!(!can_coerce(&Type::Bigint, &Type::Integer));
    }
}
