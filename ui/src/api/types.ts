/** The shapes the server speaks. Names follow its OpenAPI document; times are RFC 3339, sizes bytes, money decimal text. */

export type Role = "admin" | "editor" | "viewer";
export type Theme = "system" | "light" | "dark";

export interface Person {
  id: string;
  name: string;
}

export interface Preferences {
  theme?: Theme;
  [key: string]: unknown;
}

export interface Me {
  user: { id: string; email: string; name: string; role: Role };
  groups: string[];
  preferences: Preferences;
}

export interface Position {
  line: number;
  column: number;
}

/** RFC 9457 problem document. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id: string;
  hint?: string | null;
  position?: Position | null;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Column {
  name: string;
  /** Trino's type name, e.g. `bigint`, `timestamp(3)`. */
  type: string;
}

export type Cell = string | number | boolean | null | Cell[] | { [key: string]: Cell };

export type SavedKind = "query" | "chart" | "dashboard";

export interface Saved<D> {
  id: string;
  kind: SavedKind;
  slug: string;
  title: string;
  description: string | null;
  owner: Person;
  collection: string | null;
  starred: boolean;
  /** Whether anyone with the address may read it; dashboards only. */
  public: boolean;
  version: number;
  created_at: string;
  updated_at: string;
  definition: D;
}

export type Engine = "auto" | "embedded" | "athena" | "trino" | "postgres";

export interface Parameter {
  name: string;
  type: "text" | "number" | "date" | "date_range" | "list";
  label?: string;
  default?: unknown;
  options_sql?: string;
}

export interface QueryDefinition {
  sql: string;
  catalog: string;
  database: string;
  engine?: Engine;
  parameters?: Parameter[];
}

/** What a chart draws; `viz` reads the fields of each type. */
export interface ChartDefinition {
  type: string;
  [option: string]: unknown;
}

export interface SavedChartDefinition {
  query_id?: string;
  sql?: string;
  catalog: string;
  database: string;
  chart: ChartDefinition;
}

export interface DashboardFilter {
  id: string;
  label: string;
  type: "list" | "date_range" | "text" | "number" | "date";
  options_query?: string;
  cascade?: boolean;
  /** Parameter names of a date range. */
  from?: string;
  to?: string;
  bounds_query?: string;
}

export interface DashboardTile {
  id: string;
  title: string;
  unit?: string;
  x: number;
  y: number;
  w: number;
  h: number;
  query?: string;
  sql?: string;
  chart: ChartDefinition;
}

export interface DashboardTab {
  id: string;
  title: string;
  tiles: DashboardTile[];
}

export interface DashboardDefinition {
  catalog: string;
  database: string;
  /** With the place of their tables where it is not the dashboard's. */
  queries: Record<string, { sql: string; catalog?: string; database?: string }>;
  filters: DashboardFilter[];
  tabs: DashboardTab[];
  /** Its statements run, as its owner, when new data arrives. */
  keep_warm?: boolean;
  /** How often its public page looks for new data; not more often than caches may keep it. */
  refresh_s?: number;
}

export type SavedQuery = Saved<QueryDefinition>;
export type SavedChart = Saved<SavedChartDefinition>;
export type Dashboard = Saved<DashboardDefinition>;

/** A saved thing without what it is made of. */
export type Listed = Omit<Dashboard | SavedQuery, "definition">;

/** Values of a dashboard's filters by SQL parameter name; an absent name means all. */
export type FilterValues = Record<string, string | string[]>;

export type ExecutionState = "QUEUED" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

export interface Statistics {
  scanned_bytes: number | null;
  usd: string | null;
  rows: number | null;
  queued_ms: number;
  planning_ms: number;
  engine_ms: number | null;
  total_ms: number | null;
  /** What reuse spared, or what Athena would have charged above `usd`. */
  saved_usd?: string | null;
  reused: boolean;
}

export interface Estimate {
  bytes: number;
  usd: string;
  exact: boolean;
}

export interface TableEstimate {
  catalog?: string;
  database?: string;
  table: string;
  columns: { name: string; bytes: number }[];
  partitions: number;
  partitions_total?: number;
  files: number;
  files_total?: number;
  row_groups: number;
  row_groups_total?: number;
  bytes: number;
}

/** Without bytes and price where only a run would tell. */
export interface EstimateReport extends Partial<Estimate> {
  engine: Engine;
  route_reason: string;
  tables: TableEstimate[];
}

export interface ExecutionRequest {
  sql: string;
  catalog?: string;
  database?: string;
  parameters?: Record<string, unknown>;
  engine?: Engine;
  max_scan_bytes?: number;
  reuse_max_age_s?: number;
  query_id?: string;
}

export interface Execution {
  id: string;
  state: ExecutionState;
  sql: string;
  engine: Engine;
  route_reason: string | null;
  estimate: Estimate | null;
  statistics: Statistics;
  columns: Column[] | null;
  error: Problem | null;
  /** Full names of the tables it reads. */
  tables?: string[] | null;
  approval?: RunApproval | null;
  waiting?: Waiting;
  created_at: string;
}

/** The line that a queued run stands in. */
export interface Waiting {
  at: "lakefront" | "athena";
  /** Runs in front of it; at Athena only Lakefront's own. */
  before: number;
}

/** Where a run waits or waited for an administrator. */
export interface RunApproval {
  state: "waiting" | "approved" | "rejected";
  reason: string;
  estimate: Estimate | null;
  asked_at: string;
  by: string | null;
  note: string | null;
}

export interface ResultPage {
  columns: Column[];
  rows: Cell[][];
}

export interface DashboardQueryData {
  /** Time of the newest file it read; of the run itself where another system keeps the tables. */
  as_of: string | null;
  execution_id: string | null;
  state: ExecutionState;
  columns: Column[];
  rows: Cell[][];
  truncated: boolean;
  statistics: Statistics | null;
  estimate: Estimate | null;
  engine: Engine | null;
  route_reason: string | null;
  cached: boolean;
  error: Problem | null;
}

export interface DashboardData {
  data_version: string;
  as_of: string | null;
  /** By query name; an inline tile's key is `tile:<tile id>`. */
  queries: Record<string, DashboardQueryData>;
  totals: { scans: number; scanned_bytes: number; usd: string; ms: number; cached: boolean };
}

/** Something that people should know of a table or a catalog. */
export interface DataProblem {
  /** `NOTE` for what only explains. */
  code: string;
  message: string;
  /** Whether the table cannot be read until it is mended. */
  fatal: boolean;
}

export interface CatalogSummary {
  name: string;
  kind: string;
  location: string;
  databases: number;
  tables: number;
  /** Not known of what another system keeps, and before the first listing. */
  files: number | null;
  bytes: number | null;
  listed_at: string | null;
  /** Why the last listing failed; what is shown stems from the one before. */
  error: DataProblem | null;
  /** What was found but is not shown as a table, and why. */
  warnings: string[];
}

export interface DatabaseSummary {
  name: string;
  tables: number;
  /** Not known of what another system keeps. */
  bytes: number | null;
  newest: string | null;
}

export interface TableSummary {
  name: string;
  /** Not known from the listing alone. */
  rows: number | null;
  /** Not known of what another system keeps, as are its files. */
  bytes: number | null;
  files: number | null;
  format: string | null;
  updated_at: string | null;
  problems: DataProblem[];
}

export interface TableColumn extends Column {
  comment: string | null;
  partition: boolean;
}

export interface Table {
  catalog: string;
  database: string;
  name: string;
  /** File columns. */
  columns: TableColumn[];
  partition_keys: TableColumn[];
  format: string | null;
  /** In words, e.g. `CSV, ";" between values, with a header, gzip`. */
  format_text: string | null;
  /** Folder or file, below the catalog's location. */
  location: string;
  /** Not known of what another system keeps. */
  files: number | null;
  bytes: number | null;
  /** Where every file told it. */
  rows: number | null;
  /** Partition keys that queries must compare with constants. */
  require_partition?: string[];
  version: string;
  /** Time of the newest file. */
  updated_at: string | null;
  problems: DataProblem[];
}

export type TokenScope = "read" | "write" | "admin";

export interface ApiToken {
  id: string;
  name: string;
  /** The secret's first characters. */
  prefix: string;
  scopes: TokenScope[];
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export interface NewApiToken extends ApiToken {
  /** Shown once. */
  secret: string;
}

export type BudgetSubject =
  | { kind: "everyone" }
  | { kind: "role"; role: Role }
  | { kind: "user"; id: string }
  | { kind: "group"; id: string }
  | { kind: "token"; id: string }
  | { kind: "catalog"; name: string };

export interface BudgetLimits {
  limit_bytes: number | null;
  limit_usd: string | null;
  /** What becomes of a run above the limit. */
  action: "block" | "ask";
}

export interface NewBudget extends BudgetLimits {
  subject: BudgetSubject;
  period: "run" | "day" | "month";
}

export interface Budget extends NewBudget {
  id: string;
  subject_name: string | null;
  spent_bytes: number;
  spent_usd: string;
  renews_at: string | null;
}

/** A run that waits for an administrator. */
export interface Approval {
  execution_id: string;
  principal: Person | null;
  sql: string;
  engine: Engine;
  reason: string;
  estimate: Estimate | null;
  asked_at: string;
  expires_at: string;
}

export type CostBy = "day" | "user" | "dashboard" | "table" | "engine";

export interface CostRow {
  /** A date, an id, a table's full name, an engine; empty for what belongs to none. */
  key: string;
  name: string | null;
  runs: number;
  bytes: number;
  usd: string;
  saved_by_routing_usd: string;
  reused: number;
  saved_by_reuse_usd: string;
}

export interface CostReport {
  from: string;
  to: string;
  by: CostBy;
  total: CostRow;
  accuracy: { exact_runs: number; within_1_percent: number; bounded_runs: number; within_bound: number };
  items: CostRow[];
}

export interface StoredResults {
  entries: number;
  bytes: number;
  limit_bytes: number;
  evictions: number;
}

/** The stored results of the server that answers, since it began; in the database those of all servers. */
export interface ResultCache {
  local: StoredResults;
  /** Absent where one server has the database for itself. */
  database?: StoredResults;
  hits: { memory: number; disk: number; database: number };
  misses: number;
}

export interface User extends Person {
  email: string;
  role: Role;
  /** Can't sign in, has no sessions; tokens do not work. */
  disabled: boolean;
  last_sign_in_at: string | null;
}

export interface NewUser {
  email: string;
  name: string;
  role: Role;
}

/** People who share a budget and rules. */
export interface Group {
  id: string;
  name: string;
  members: Person[];
}

export interface GroupInput {
  name: string;
  members: string[];
}

/** What a reader gets of a public dashboard without signing in: nothing but what its page shows. */
export interface PublicDashboard {
  slug: string;
  title: string;
  description: string;
  definition: Pick<DashboardDefinition, "tabs" | "filters">;
  /** How often the page looks for new data. */
  refresh_s: number;
}

export interface PublicData {
  as_of: string | null;
  queries: Record<string, Pick<DashboardQueryData, "state" | "columns" | "rows" | "truncated" | "as_of">>;
  /** The `ETag` it came with, if it had one. */
  tag?: string | null;
}

/** What the server hands to the page: the same string it gives to `render`. */
export interface PageState {
  url: string;
  now: string;
  theme: Theme;
  me: Me | null;
  data: {
    dashboard?: Dashboard;
    dashboard_data?: DashboardData;
    public?: { dashboard: PublicDashboard; data: PublicData; data_tag?: string | null };
    /** Lists without what their things are made of. */
    saved?: { dashboards: Page<Listed>; queries?: Page<Listed> };
    /** Why there is no dashboard to show. */
    missing?: { slug: string; problem: Problem };
  };
}

/** Where the data lies, and whose credentials it is read with; never holds a secret. */
export interface Connection {
  id: string;
  name: string;
  kind: string;
  settings: Record<string, unknown>;
  has_secret: boolean;
  /** Only what the app database has can be changed. */
  origin: "database" | "settings" | "data_folder" | "seeded";
  state: {
    listed_at: string | null;
    databases: number;
    tables: number;
    files: number | null;
    bytes: number | null;
    error: { code: string; message: string } | null;
  };
  created_at: string | null;
  updated_at: string | null;
}

export interface ConnectionInput {
  name?: string;
  kind: string;
  settings: Record<string, unknown>;
  secret?: string;
}

/** What is absent stays; a `null` takes away. */
export interface ConnectionChange {
  settings?: Record<string, unknown>;
  secret?: string | null;
}

export interface CheckStep {
  name: string;
  ok: boolean;
  detail: string;
  hint: string | null;
  missing: { action: string; resource: string; policy: object } | null;
  /** What Lakefront can do about it when asked. */
  mend: "limit_workgroup" | null;
}

export interface CheckReport {
  ok: boolean;
  checks: CheckStep[];
  /** One IAM policy with everything that is missing. */
  policy: object | null;
}
