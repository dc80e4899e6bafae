//! What can be called, by name: for checks, completion and the documents.

use std::sync::LazyLock;

use crate::aggregates;

/// What kind of call a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    Scalar,
    Aggregate,
    Window,
}

/// A function that statements may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionInfo {
    /// Lower case.
    pub name: &'static str,
    pub kind: FunctionKind,
    /// What it takes and gives, overload by overload: `(array(T), bigint) -> T`.
    pub signatures: Vec<&'static str>,
}

/// Those whose arguments are not all values, or are not all evaluated.
const SPECIAL: &[(&str, &str)] = &[
    ("coalesce", "(T, T...) -> T"),
    ("current_date", "() -> date"),
    ("current_time", "() -> time(3) with time zone"),
    ("current_timestamp", "() -> timestamp(3) with time zone"),
    ("current_timezone", "() -> varchar"),
    ("format", "(varchar, T...) -> varchar"),
    ("if", "(boolean, T, T) -> T"),
    ("json_array", "(T...) -> varchar"),
    ("json_exists", "(varchar, varchar) -> boolean"),
    ("json_object", "(T...) -> varchar"),
    ("json_query", "(varchar, varchar) -> varchar"),
    ("json_value", "(varchar, varchar) -> varchar"),
    ("localtime", "() -> time(3)"),
    ("localtimestamp", "() -> timestamp(3)"),
    ("now", "() -> timestamp(3) with time zone"),
    ("nullif", "(T, T) -> T"),
    ("row", "(T...) -> row"),
    ("try", "(T) -> T"),
    ("typeof", "(T) -> varchar"),
];

const WINDOW: &[(&str, &str)] = &[
    ("cume_dist", "() -> double"),
    ("dense_rank", "() -> bigint"),
    ("first_value", "(T) -> T"),
    ("lag", "(T, bigint, T) -> T"),
    ("last_value", "(T) -> T"),
    ("lead", "(T, bigint, T) -> T"),
    ("nth_value", "(T, bigint) -> T"),
    ("ntile", "(bigint) -> bigint"),
    ("percent_rank", "() -> double"),
    ("rank", "() -> bigint"),
    ("row_number", "() -> bigint"),
];

/// All functions by name. Operators are none.
pub fn functions() -> &'static [FunctionInfo] {
    static LISTING: LazyLock<Vec<FunctionInfo>> = LazyLock::new(|| {
        let is_name = |name: &str| name.starts_with(|first: char| first.is_ascii_alphabetic());
        let scalars = super::all().values().map(|overloads| FunctionInfo {
            name: overloads[0].name,
            kind: FunctionKind::Scalar,
            signatures: overloads.iter().map(|function| function.text).collect(),
        });
        let aggregates = aggregates::all().values().map(|overloads| FunctionInfo {
            name: overloads[0].name,
            kind: FunctionKind::Aggregate,
            signatures: overloads.iter().map(|aggregate| aggregate.text).collect(),
        });
        let fixed = |list: &'static [(&str, &str)], kind| {
            list.iter().map(move |(name, text)| FunctionInfo { name, kind, signatures: vec![text] })
        };
        let mut all: Vec<FunctionInfo> = scalars
            .chain(aggregates)
            .chain(fixed(SPECIAL, FunctionKind::Scalar))
            .chain(fixed(&[("grouping", "(T...) -> integer")], FunctionKind::Aggregate))
            .chain(fixed(WINDOW, FunctionKind::Window))
            .filter(|function| is_name(function.name))
            .collect();
        all.sort_by_key(|function| (function.name, function.kind as u8));
        all
    });
    &LISTING
}

/// Whether there is a function of the name, in any case.
pub fn is_function(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == crate::routines::CALL || functions().binary_search_by(|function| function.name.cmp(&name)).is_ok()
}

/// Trino's and Athena's functions for colours, places on the Earth and machine learning, and one of q-digests.
const ELSEWHERE: &[&str] = &[
    "bar",
    "bing_tile",
    "bing_tile_at",
    "bing_tile_coordinates",
    "bing_tile_polygon",
    "bing_tile_quadkey",
    "bing_tile_zoom_level",
    "bing_tiles_around",
    "classify",
    "color",
    "convex_hull_agg",
    "evaluate_classifier_predictions",
    "features",
    "from_encoded_polyline",
    "from_geojson_geometry",
    "geometry_from_hadoop_shape",
    "geometry_invalid_reason",
    "geometry_nearest_points",
    "geometry_to_bing_tiles",
    "geometry_union",
    "geometry_union_agg",
    "great_circle_distance",
    "learn_classifier",
    "learn_libsvm_classifier",
    "learn_libsvm_regressor",
    "learn_regressor",
    "line_interpolate_point",
    "line_interpolate_points",
    "line_locate_point",
    "quantile_at_value",
    "regress",
    "render",
    "rgb",
    "simplify_geometry",
    "spatial_partitioning",
    "spatial_partitions",
    "to_encoded_polyline",
    "to_geojson_geometry",
    "to_geometry",
    "to_spherical_geography",
];

/// Whether it is a function of Trino's or Athena's that is not here.
pub fn is_elsewhere(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("st_") || ELSEWHERE.binary_search(&name.as_str()).is_ok()
}

/// Whether there is a function of the name that can stand in place of a table.
pub fn is_table_function(name: &str) -> bool {
    name.eq_ignore_ascii_case(crate::analyze::TABLE_FUNCTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_elsewhere_is_not_here() {
        assert!(ELSEWHERE.is_sorted());
        assert!(ELSEWHERE.iter().all(|name| is_elsewhere(name) && !is_function(name)));
    }
}
