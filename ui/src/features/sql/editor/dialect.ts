import { PostgreSQL, SQLDialect } from "@codemirror/lang-sql";

/** Whose SQL a text is in: that of whoever keeps the tables. */
export type Dialect = "trino" | "postgres";

export interface Words {
  keywords: string[];
  types: string[];
  functions: Record<string, string>;
}

/** Words of Trino's grammar that people write in queries; statements that are never allowed are left out. */
const KEYWORDS = (
  "select distinct all from where group by having order limit offset fetch first next row rows only with recursive as " +
  "and or not in is null like escape between exists any some case when then else end cast try_cast " +
  "union intersect except join inner left right full outer cross natural on using lateral unnest ordinality " +
  "over partition range groups preceding following unbounded current window filter within asc desc nulls last " +
  "values true false interval year month day hour minute second at time zone grouping sets rollup cube " +
  "tablesample bernoulli system explain show tables columns describe extract for"
).split(" ");

const TYPES =
  "boolean tinyint smallint integer int bigint real double decimal varchar char varbinary json date time timestamp array map row".split(
    " ",
  );

/** Functions offered while typing, with the arguments they take. The server has the final word on what may run. */
const FUNCTIONS: Record<string, string> = {
  abs: "x",
  approx_distinct: "x",
  approx_percentile: "x, percentage",
  arbitrary: "x",
  array_agg: "x",
  avg: "x",
  bool_and: "x",
  bool_or: "x",
  cardinality: "x",
  ceil: "x",
  coalesce: "value, …",
  concat: "text, …",
  contains: "array, element",
  corr: "y, x",
  count: "x",
  count_if: "condition",
  cume_dist: "",
  current_date: "",
  date_add: "unit, value, timestamp",
  date_diff: "unit, from, to",
  date_format: "timestamp, format",
  date_parse: "text, format",
  date_trunc: "unit, timestamp",
  day: "x",
  day_of_week: "x",
  day_of_year: "x",
  dense_rank: "",
  element_at: "array, index",
  exp: "x",
  first_value: "x",
  floor: "x",
  format_datetime: "timestamp, format",
  from_iso8601_date: "text",
  from_unixtime: "seconds",
  geometric_mean: "x",
  greatest: "value, …",
  hour: "x",
  if: "condition, then, else",
  json_extract: "json, path",
  json_extract_scalar: "json, path",
  lag: "x, offset, default",
  last_value: "x",
  lead: "x, offset, default",
  least: "value, …",
  length: "text",
  ln: "x",
  log10: "x",
  lower: "text",
  lpad: "text, size, pad",
  map_agg: "key, value",
  max: "x",
  max_by: "x, y",
  min: "x",
  min_by: "x, y",
  minute: "x",
  mod: "n, m",
  month: "x",
  now: "",
  ntile: "n",
  nullif: "a, b",
  percent_rank: "",
  power: "x, p",
  quarter: "x",
  rank: "",
  regexp_extract: "text, pattern, group",
  regexp_like: "text, pattern",
  regexp_replace: "text, pattern, replacement",
  replace: "text, search, replacement",
  reverse: "text",
  round: "x, digits",
  row_number: "",
  rpad: "text, size, pad",
  sequence: "start, stop, step",
  sign: "x",
  split: "text, delimiter",
  split_part: "text, delimiter, index",
  sqrt: "x",
  starts_with: "text, prefix",
  stddev: "x",
  strpos: "text, part",
  substr: "text, start, length",
  sum: "x",
  to_unixtime: "timestamp",
  trim: "text",
  truncate: "x, digits",
  try: "expression",
  typeof: "x",
  upper: "text",
  variance: "x",
  week: "x",
  width_bucket: "x, low, high, n",
  year: "x",
};

const trino = SQLDialect.define({
  keywords: KEYWORDS.join(" "),
  types: TYPES.join(" "),
  // Functions are coloured by their parenthesis, so that a column called `day` stays a column.
  builtin: "",
  doubleQuotedStrings: false,
  identifierQuotes: '"`',
  slashComments: false,
  spaceAfterDashes: false,
});

/** The words of PostgreSQL that people write in queries, beside those that Trino has too. */
const POSTGRES_KEYWORDS = "similar ilike collate materialized ties array".split(" ");
const TRINO_ONLY = new Set("try_cast tables columns show tablesample bernoulli system".split(" "));

const POSTGRES_TYPES =
  "boolean smallint integer int bigint real numeric decimal varchar char text bytea uuid json jsonb date time timestamp timestamptz interval inet".split(
    " ",
  );

const POSTGRES_FUNCTIONS: Record<string, string> = {
  abs: "x",
  age: "to, from",
  array_agg: "x",
  array_length: "array, dimension",
  array_to_string: "array, delimiter",
  avg: "x",
  bool_and: "x",
  bool_or: "x",
  cardinality: "array",
  ceil: "x",
  coalesce: "value, …",
  concat: "value, …",
  concat_ws: "separator, value, …",
  corr: "y, x",
  count: "x",
  cume_dist: "",
  current_date: "",
  current_timestamp: "",
  date_bin: "interval, timestamp, origin",
  date_part: "field, timestamp",
  date_trunc: "unit, timestamp",
  dense_rank: "",
  exp: "x",
  first_value: "x",
  floor: "x",
  format: "text, value, …",
  generate_series: "start, stop, step",
  greatest: "value, …",
  initcap: "text",
  json_agg: "x",
  json_build_object: "key, value, …",
  jsonb_array_elements: "json",
  jsonb_build_object: "key, value, …",
  jsonb_path_query: "json, path",
  lag: "x, offset, default",
  last_value: "x",
  lead: "x, offset, default",
  least: "value, …",
  left: "text, n",
  length: "text",
  ln: "x",
  log10: "x",
  lower: "text",
  lpad: "text, size, pad",
  make_date: "year, month, day",
  make_interval: "years => n",
  max: "x",
  md5: "text",
  min: "x",
  mod: "n, m",
  now: "",
  ntile: "n",
  nullif: "a, b",
  percent_rank: "",
  percentile_cont: "fraction",
  power: "x, p",
  random: "",
  rank: "",
  regexp_match: "text, pattern",
  regexp_replace: "text, pattern, replacement",
  regexp_split_to_table: "text, pattern",
  replace: "text, search, replacement",
  right: "text, n",
  round: "x, digits",
  row_number: "",
  row_to_json: "row",
  rpad: "text, size, pad",
  sign: "x",
  split_part: "text, delimiter, index",
  sqrt: "x",
  stddev: "x",
  string_agg: "text, delimiter",
  string_to_array: "text, delimiter",
  strpos: "text, part",
  substr: "text, start, length",
  sum: "x",
  to_char: "value, format",
  to_date: "text, format",
  to_number: "text, format",
  to_timestamp: "seconds",
  to_tsvector: "text",
  trim: "text",
  trunc: "x, digits",
  unnest: "array",
  upper: "text",
  variance: "x",
  width_bucket: "x, low, high, n",
};

export const DIALECTS: Record<Dialect, SQLDialect> = { trino, postgres: PostgreSQL };

export const WORDS: Record<Dialect, Words> = {
  trino: { keywords: KEYWORDS, types: TYPES, functions: FUNCTIONS },
  postgres: {
    keywords: [...KEYWORDS.filter((word) => !TRINO_ONLY.has(word)), ...POSTGRES_KEYWORDS],
    types: POSTGRES_TYPES,
    functions: POSTGRES_FUNCTIONS,
  },
};
