//! `to_iso8601` and `date`. What reads ISO 8601 is with the other readers of formats.

use datafusion::arrow::array::ArrayRef;

use crate::call::Call;
use crate::error::{Code, Error, Result};
use crate::functions::{Function, cast_kernel, scalar};
use crate::temporal::{Ticks, text};
use crate::types::Type;
use crate::zone::write_offset;

pub(super) fn all() -> Vec<Function> {
    vec![
        scalar("to_iso8601", "(date) -> varchar(16)", date_to_iso8601),
        scalar("to_iso8601", "(timestamp) -> varchar", timestamp_to_iso8601).returning(length),
        scalar("to_iso8601", "(timestamp with time zone) -> varchar", zoned_to_iso8601).returning(length),
        scalar("date", "(varchar) -> date", cast_kernel),
        scalar("date", "(timestamp) -> date", cast_kernel),
        scalar("date", "(timestamp with time zone) -> date", cast_kernel),
    ]
}

/// A sign, six digits of the year, the rest to the second, the fraction, and the offset.
fn length(arguments: &[Type]) -> Result<Type> {
    let of = |digits: u8| 22 + u32::from(digits.min(1)) + u32::from(digits);
    Ok(Type::Varchar(Some(match arguments {
        [Type::Timestamp(digits)] => of(*digits),
        [Type::TimestampTz(digits)] => of(*digits) + 6,
        _ => return Err(Error::new(Code::GenericInternalError, "a timestamp that is none")),
    })))
}

fn date_to_iso8601(call: &Call) -> Result<ArrayRef> {
    let days = call.int(0)?;
    call.texts(|row| Ok(days.get(row).map(text::date_text)))
}

fn timestamp_to_iso8601(call: &Call) -> Result<ArrayRef> {
    let time = Ticks::of(call, 0)?;
    let Type::Timestamp(digits) = call.types[0] else { return call.array(0) };
    call.texts(|row| Ok(time.picos(row).map(|picos| text::timestamp_text(picos, digits, 'T'))))
}

fn zoned_to_iso8601(call: &Call) -> Result<ArrayRef> {
    let time = call.zoned(0);
    let Type::TimestampTz(digits) = call.types[0] else { return call.array(0) };
    call.texts(|row| {
        let Some((instant, zone)) = time.get(row) else { return Ok(None) };
        let mut out = text::timestamp_text(zone.local(instant), digits, 'T');
        let seconds = zone.offset_at(instant);
        match seconds {
            0 => out.push('Z'),
            _ if seconds % 60 == 0 => {
                let _ = write_offset(&mut out, (seconds / 60) as i16);
            }
            _ => {
                return Err(Error::new(
                    Code::InvalidArguments,
                    "Timezone with non-zero seconds offset cannot be rendered as ISO8601",
                ));
            }
        }
        Ok(Some(out))
    })
}
