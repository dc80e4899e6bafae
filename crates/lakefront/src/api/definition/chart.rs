//! What each type of chart takes: the same as `ui/src/viz/spec.ts`, which draws it (a test compares the two) and says in
//! the chart's place which column it lacks.

use serde_json::{Map, Value};

use super::shape::{Fault, Field, Shape, instead, needed, optional, record};

const ROWS: Shape = Shape::Whole { least: 1, most: 20_000 };
const DIGITS: Shape = Shape::Whole { least: 0, most: 20 };
const STYLE: Shape = Shape::OneOf(&["number", "percent", "compact"]);

/// What every type takes.
pub const COMMON: &[Field] = &[needed("type", Shape::Name), optional("style", STYLE), optional("digits", DIGITS)];

pub const TYPES: &[(&str, &[Field])] = &[
    (
        "line",
        &[
            optional("x", Shape::Column),
            optional("y", Shape::Columns),
            optional("series", Shape::Column),
            optional("zero", Shape::Flag),
        ],
    ),
    (
        "area",
        &[
            optional("x", Shape::Column),
            optional("y", Shape::Columns),
            optional("series", Shape::Column),
            optional("stack", Shape::OneOf(&["zero", "share"])),
        ],
    ),
    (
        "bar",
        &[
            optional("x", Shape::Column),
            optional("y", Shape::Columns),
            optional("series", Shape::Column),
            optional("mode", Shape::OneOf(&["grouped", "stacked"])),
            optional("horizontal", Shape::Flag),
            optional("sort", Shape::OneOf(&["data", "value"])),
        ],
    ),
    (
        "fan",
        &[
            optional("x", Shape::Column),
            optional("low", Shape::Column),
            optional("median", Shape::Column),
            optional("high", Shape::Column),
            optional("inner", Shape::Flag),
            optional("notes", Shape::ByName(&Shape::Text)),
        ],
    ),
    (
        "heatmap",
        &[
            optional("y", Shape::Column),
            optional("x", Shape::Column),
            optional("value", Shape::Column),
            optional("columns", Shape::List(&Shape::Record(HEATMAP_COLUMN))),
            optional("group", Shape::Column),
            optional("scale", Shape::OneOf(&["diverging", "sequential"])),
            optional("limit", Shape::Positive),
        ],
    ),
    (
        "scatter",
        &[
            optional("x", Shape::Column),
            optional("y", Shape::Column),
            optional("series", Shape::Column),
            optional("label", Shape::Column),
        ],
    ),
    (
        "number",
        &[
            optional("value", Shape::Column),
            optional("low", Shape::Column),
            optional("high", Shape::Column),
            optional("reduce", Shape::OneOf(&["sum", "mean", "min", "max", "last", "change"])),
            optional("period", ROWS),
            optional("per", Shape::Text),
            optional("noun", Shape::Text),
            optional("spark", Shape::OneOf(&["line", "band", "bars"])),
            optional("bucket", ROWS),
        ],
    ),
    (
        "table",
        &[
            optional("columns", Shape::List(&Shape::Record(TABLE_COLUMN))),
            optional("sort", Shape::Record(SORT)),
            optional("limit", ROWS),
        ],
    ),
    ("map", &[optional("state", Shape::Column), optional("value", Shape::Column)]),
    (
        "ranked",
        &[
            optional("label", Shape::Column),
            optional("detail", Shape::List(&Shape::Column)),
            optional("value", Shape::Column),
            optional("limit", ROWS),
        ],
    ),
    ("capacity", &[optional("label", Shape::Column), optional("load", Shape::Column), optional("limit", Shape::Text)]),
];

pub const HEATMAP_COLUMN: &[Field] = &[needed("column", Shape::Column), optional("label", Shape::Text)];

pub const TABLE_COLUMN: &[Field] = &[
    needed("column", Shape::Column),
    optional("label", Shape::Text),
    optional("cell", Shape::OneOf(&["text", "muted", "number", "bar", "range", "change", "spark", "peak", "limit"])),
    optional("style", STYLE),
    optional("digits", DIGITS),
    optional("high", Shape::Column),
    optional("middle", Shape::Column),
    optional("columns", Shape::List(&Shape::Column)),
    optional("from", Shape::Whole { least: 0, most: 10_000 }),
];

const SORT: &[Field] = &[needed("column", Shape::Column), optional("descending", Shape::Flag)];

pub fn check(path: &str, values: &Map<String, Value>, faults: &mut Vec<Fault>) {
    let types = TYPES.iter().map(|(name, _)| *name);
    let fields = match values.get("type") {
        None | Some(Value::Null) => {
            let all = instead("", types);
            return faults.push(Fault(format!("`{path}.type` is missing: what to draw. {all}")));
        }
        Some(Value::String(given)) => match TYPES.iter().find(|(name, _)| name == given) {
            Some((_, fields)) => *fields,
            None => {
                if let Some(near) = lakefront_query::nearest(given, types) {
                    let fault =
                        format!("`{path}.type` is `{given}`, which is no type of chart. Did you mean `{near}`?");
                    faults.push(Fault(fault));
                }
                return;
            }
        },
        Some(other) => return Shape::Name.check(&format!("{path}.type"), other, faults),
    };
    let all: Vec<Field> = COMMON.iter().chain(fields).copied().collect();
    record(&all, path, values, faults);
}
