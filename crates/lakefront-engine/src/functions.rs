//! The functions a statement may call.
//!
//! One table names every function the engine knows and says whether it may be called. A function is refused when it
//! means something else in Trino than here (a silently different answer is worse than none), when it tells about the
//! machine, or when nobody has looked at it. A worker has the allowed ones only. A test compares the table with the
//! engine's own registry, so that an upgrade cannot add a callable function unnoticed.

mod aggregates;
mod dates;
mod strict;
mod sum;
mod texts;

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use datafusion::catalog::TableFunction;
use datafusion::common::Result;
use datafusion::execution::SessionStateDefaults;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult};
use datafusion::logical_expr::{AggregateUDF, Expr, ScalarUDF, WindowUDF};
use datafusion::scalar::ScalarValue;

/// What kind of call a function is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    Scalar,
    Aggregate,
    Window,
    Table,
}

/// One name of a function and whether a statement may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FunctionInfo {
    /// Lower case.
    pub name: &'static str,
    pub kind: FunctionKind,
    pub allowed: bool,
}

/// Every function the engine knows of, aliases as entries of their own.
pub fn functions() -> &'static [FunctionInfo] {
    static TABLE: LazyLock<Vec<FunctionInfo>> = LazyLock::new(|| {
        use FunctionKind::*;
        let lists: [(FunctionKind, bool, &str); 7] = [
            (Scalar, true, SCALAR),
            (Scalar, false, SCALAR_REFUSED),
            (Aggregate, true, AGGREGATE),
            (Aggregate, false, AGGREGATE_REFUSED),
            (Window, true, WINDOW),
            (Table, true, TABLE_VALUED),
            (Scalar, false, HIGHER_ORDER_REFUSED),
        ];
        let entries = lists.into_iter().flat_map(|(kind, allowed, names)| {
            names.split_whitespace().map(move |name| FunctionInfo { name, kind, allowed })
        });
        entries.collect()
    });
    &TABLE
}

/// Scalar functions with one meaning here and in Trino, and harmless ones that Trino lacks.
const SCALAR: &str = "
    abs acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh cot degrees exp factorial floor gcd lcm ln log log10
    log2 isnan iszero nanvl pi pow power radians rand random round signum sin sinh sqrt tan tanh trunc
    ascii bit_length btrim trim char_length character_length length chr concat concat_ws ends_with initcap left
    levenshtein lower lpad ltrim octet_length overlay position strpos instr regexp_count regexp_like replace reverse
    right rpad rtrim split_part starts_with string_to_array string_to_list substr substring translate upper uuid
    coalesce greatest ifnull least nullif nvl nvl2
    current_date today current_time current_timestamp now date date_bin date_part datepart date_trunc make_date
    make_time to_date to_timestamp to_timestamp_micros to_timestamp_millis to_timestamp_nanos to_timestamp_seconds
    day day_of_month day_of_week dow day_of_year doy hour minute month quarter second week week_of_year year
    array_distinct list_distinct array_length list_length array_to_string array_join list_join list_to_string
    array_repeat list_repeat repeat map_keys map_values
    sha224 sha256 sha384 sha512
";

/// Scalar functions that differ from Trino's of the same name, tell about the engine, or wait for somebody to judge
/// them.
const SCALAR_REFUSED: &str = "
    array_add list_add array_any_value list_any_value array_append list_append array_push_back list_push_back array_avg
    list_avg array_compact list_compact array_concat array_cat list_concat list_cat array_dims list_dims array_distance
    list_distance array_element array_extract list_element list_extract array_except list_except array_has
    array_contains list_contains list_has array_has_all list_has_all array_has_any arrays_overlap list_has_any
    array_intersect list_intersect array_max list_max array_min list_min array_ndims list_ndims array_normalize
    list_normalize array_pop_back list_pop_back array_pop_front list_pop_front array_position array_indexof
    list_indexof list_position array_positions list_positions array_prepend array_push_front list_prepend
    list_push_front array_product list_product array_remove list_remove array_remove_all list_remove_all
    array_remove_n list_remove_n array_replace list_replace array_replace_all list_replace_all array_replace_n
    list_replace_n array_resize list_resize array_reverse list_reverse array_scale list_scale array_slice list_slice
    array_sort list_sort array_subtract list_subtract array_sum list_sum array_union list_union arrays_zip list_zip
    array_empty empty list_empty cardinality cosine_distance flatten inner_product dot_product make_array make_list
    map map_entries map_extract element_at
    arrow_cast arrow_field arrow_metadata arrow_try_cast arrow_typeof cast_to_type try_cast_to_type version
    file_row_index input_file_name union_extract union_tag with_metadata get_field named_struct row struct
    contains find_in_set substr_index substring_index regexp_instr regexp_match regexp_replace to_hex
    decode digest encode md5 generate_series range
    date_format to_char from_unixtime to_local_time to_time to_unixtime datetrunc
";

const AGGREGATE: &str = "
    any_value arbitrary approx_distinct approx_median approx_percentile approx_percentile_cont
    approx_percentile_cont_with_weight array_agg avg mean bit_and bit_or bit_xor bool_and every bool_or corr count
    count_if covar_pop covar_samp covar first_value grouping last_value max median min nth_value percentile_cont
    quantile_cont regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy stddev
    stddev_pop stddev_samp string_agg sum var var_pop var_population var_samp var_sample variance
";

const AGGREGATE_REFUSED: &str = "";

const WINDOW: &str = "
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
";

/// Rows out of nothing; a worker's limits end them like any other query.
const TABLE_VALUED: &str = "generate_series range";

/// Functions of functions; the dialect has no lambda yet.
const HIGHER_ORDER_REFUSED: &str = "
    array_any_match any_match list_any_match array_filter list_filter array_first list_first array_transform
    list_transform
";

/// The implementations behind the allowed names.
#[derive(Clone)]
pub(crate) struct Allowed {
    pub(crate) expr_planners: Vec<Arc<dyn ExprPlanner>>,
    pub(crate) scalar: Vec<Arc<ScalarUDF>>,
    pub(crate) aggregate: Vec<Arc<AggregateUDF>>,
    pub(crate) window: Vec<Arc<WindowUDF>>,
    pub(crate) table: Vec<Arc<TableFunction>>,
}

impl Allowed {
    /// Made once in a process: it takes as long as planning a statement.
    pub(crate) fn get() -> &'static Self {
        static ALLOWED: LazyLock<Allowed> = LazyLock::new(Allowed::new);
        &ALLOWED
    }

    fn new() -> Self {
        let names = |kind| -> HashSet<&str> {
            let allowed = functions().iter().filter(|function| function.kind == kind && function.allowed);
            allowed.map(|function| function.name).collect()
        };
        let scalar = names(FunctionKind::Scalar);
        let aggregate = names(FunctionKind::Aggregate);
        let window = names(FunctionKind::Window);
        let table = names(FunctionKind::Table);
        let mut expr_planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(TrinoSyntax)];
        expr_planners.extend(SessionStateDefaults::default_expr_planners());
        // Ours replace the engine's together with their aliases.
        let ours: Vec<Arc<ScalarUDF>> = dates::all().into_iter().chain(texts::all()).chain(strict::all()).collect();
        let mut scalars = SessionStateDefaults::default_scalar_functions();
        scalars.retain(|theirs| !ours.iter().any(|ours| ours.name() == theirs.name()));
        scalars.extend(ours);
        let scalars = scalars.into_iter();
        let aggregates = SessionStateDefaults::default_aggregate_functions().into_iter().chain(aggregates::all());
        Allowed {
            expr_planners,
            scalar: scalars.filter(|function| scalar.contains(function.name())).collect(),
            aggregate: aggregates.filter(|function| aggregate.contains(function.name())).collect(),
            window: SessionStateDefaults::default_window_functions()
                .into_iter()
                .filter(|function| window.contains(function.name()))
                .collect(),
            table: SessionStateDefaults::default_table_functions()
                .into_iter()
                .filter(|function| table.contains(function.name()))
                .collect(),
        }
    }
}

/// Syntax that is a call in disguise, sent to our functions.
#[derive(Debug)]
struct TrinoSyntax;

impl ExprPlanner for TrinoSyntax {
    /// `EXTRACT(dow FROM x)`
    fn plan_extract(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        let part = match args.first() {
            Some(Expr::Literal(ScalarValue::Utf8(Some(part)) | ScalarValue::Utf8View(Some(part)), _)) => {
                part.to_lowercase()
            }
            _ => return Ok(PlannerResult::Original(args)),
        };
        let named = |function: &Arc<ScalarUDF>| function.name() == part || function.aliases().contains(&part);
        match dates::parts().into_iter().find(named) {
            Some(function) => {
                let rest = args.into_iter().skip(1).collect();
                Ok(PlannerResult::Planned(Expr::ScalarFunction(ScalarFunction::new_udf(function, rest))))
            }
            None => Ok(PlannerResult::Original(args)),
        }
    }

    /// `SUBSTRING(x FROM 2 FOR 3)`
    fn plan_substring(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        let function = texts::substr();
        Ok(PlannerResult::Planned(Expr::ScalarFunction(ScalarFunction::new_udf(function, args))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names the engine would register, by kind.
    fn known() -> HashSet<(FunctionKind, String)> {
        let mut names = HashSet::new();
        let mut add = |kind, name: &str, aliases: &[String]| {
            names.insert((kind, name.to_owned()));
            names.extend(aliases.iter().map(|alias| (kind, alias.clone())));
        };
        for function in SessionStateDefaults::default_scalar_functions() {
            add(FunctionKind::Scalar, function.name(), function.aliases());
        }
        for function in SessionStateDefaults::default_higher_order_functions() {
            add(FunctionKind::Scalar, function.name(), function.aliases());
        }
        for function in SessionStateDefaults::default_aggregate_functions() {
            add(FunctionKind::Aggregate, function.name(), function.aliases());
        }
        for function in SessionStateDefaults::default_window_functions() {
            add(FunctionKind::Window, function.name(), function.aliases());
        }
        for function in SessionStateDefaults::default_table_functions() {
            add(FunctionKind::Table, function.name(), &[]);
        }
        names
    }

    #[test]
    fn every_function_of_the_engine_has_been_judged() {
        let judged: HashSet<(FunctionKind, String)> =
            functions().iter().map(|function| (function.kind, function.name.to_owned())).collect();
        let mut new: Vec<_> = known().difference(&judged).cloned().collect();
        new.sort_by(|a, b| a.1.cmp(&b.1));
        assert!(new.is_empty(), "allow or refuse these in the table: {new:?}");
        assert_eq!(judged.len(), functions().len(), "a name is in the table twice");
    }

    #[test]
    fn a_worker_has_exactly_the_allowed_names() {
        let allowed = Allowed::new();
        let mut registered = HashSet::new();
        let mut add = |kind, name: &str, aliases: &[String]| {
            registered.insert((kind, name.to_owned()));
            registered.extend(aliases.iter().map(|alias| (kind, alias.clone())));
        };
        allowed.scalar.iter().for_each(|f| add(FunctionKind::Scalar, f.name(), f.aliases()));
        allowed.aggregate.iter().for_each(|f| add(FunctionKind::Aggregate, f.name(), f.aliases()));
        allowed.window.iter().for_each(|f| add(FunctionKind::Window, f.name(), f.aliases()));
        allowed.table.iter().for_each(|f| add(FunctionKind::Table, f.name(), &[]));
        let table: HashSet<(FunctionKind, String)> = functions()
            .iter()
            .filter(|function| function.allowed)
            .map(|function| (function.kind, function.name.to_owned()))
            .collect();
        let unlisted: Vec<_> = registered.difference(&table).collect();
        assert!(unlisted.is_empty(), "registered but not allowed: {unlisted:?}");
        let missing: Vec<_> = table.difference(&registered).collect();
        assert!(missing.is_empty(), "allowed but not registered: {missing:?}");
    }
}
