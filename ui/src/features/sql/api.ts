import { call, callJson } from "@/api/client";
import { ApiError } from "@/api/error";
import type {
  Dashboard,
  DashboardDefinition,
  EstimateReport,
  Execution as BaseExecution,
  ExecutionRequest,
  Page as List,
  Problem,
  QueryDefinition,
  SavedChart,
  SavedChartDefinition,
  SavedQuery,
} from "@/api/types";
import { whole } from "@/api/whole";
import { decodePage, type Page } from "./result/arrow";

export interface Execution extends BaseExecution {
  /** The result was cut at the server's limit. */
  truncated?: boolean;
}

/** As the history keeps it: what has not ended may have no figures yet. */
export type PastExecution = Omit<Execution, "statistics"> & { statistics: Execution["statistics"] | null };

const part = encodeURIComponent;

export const estimate = (body: ExecutionRequest, signal: AbortSignal) =>
  callJson<EstimateReport>("/executions/estimate", { method: "POST", body, signal });

export const submit = (body: ExecutionRequest) => callJson<Execution>("/executions", { method: "POST", body });

/** Answers at once, or with `waitS` when the state changes or that many seconds are over. */
export const execution = (id: string, waitS?: number, signal?: AbortSignal) =>
  callJson<Execution>(`/executions/${part(id)}`, { query: { wait_s: waitS }, signal });

export const cancel = (id: string) => call(`/executions/${part(id)}`, { method: "DELETE" });

export const eventsUrl = (id: string) => `/api/v1/executions/${part(id)}/events`;

/** `safe`: a text that a spreadsheet would run as a formula stays a text there. */
export const RESULT_FORMATS = [
  { format: "csv", label: "CSV", safe: false },
  { format: "csv", label: "CSV for a spreadsheet", safe: true },
  { format: "json", label: "JSON", safe: false },
  { format: "parquet", label: "Parquet", safe: false },
  { format: "arrow", label: "Arrow", safe: false },
  { format: "xlsx", label: "Excel", safe: false },
] as const;

export async function resultPage(id: string, offset: number, limit: number, signal: AbortSignal): Promise<Page> {
  const response = await call(`/executions/${part(id)}/result`, {
    query: { format: "arrow", offset, limit },
    headers: { accept: "application/vnd.apache.arrow.stream" },
    signal,
  });
  return decodePage(await response.arrayBuffer());
}

export const history = (q: string, cursor: string | null, signal?: AbortSignal) =>
  callJson<List<PastExecution>>("/executions", { query: { mine: true, limit: 50, q, cursor }, signal });

export const createQuery = (title: string, definition: QueryDefinition) =>
  callJson<SavedQuery>("/queries", { method: "POST", body: { title, definition } });

export const updateQuery = (id: string, version: number, title: string, definition: QueryDefinition) =>
  callJson<SavedQuery>(`/queries/${part(id)}`, {
    method: "PATCH",
    body: { title, definition },
    headers: ifMatch(version),
  });

export const createChart = (title: string, definition: SavedChartDefinition) =>
  callJson<SavedChart>("/charts", { method: "POST", body: { title, definition } });

export const dashboard = async (id: string) => whole(await callJson<Dashboard>(`/dashboards/${part(id)}`));

export const createDashboard = (title: string, definition: DashboardDefinition) =>
  callJson<Dashboard>("/dashboards", { method: "POST", body: { title, definition } });

export const updateDashboard = (id: string, version: number, definition: DashboardDefinition) =>
  callJson<Dashboard>(`/dashboards/${part(id)}`, { method: "PATCH", body: { definition }, headers: ifMatch(version) });

const ifMatch = (version: number) => ({ "if-match": `"${version}"` });

/** Anything thrown, in the words of a problem document. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(
    problem({ title: "That did not work", detail: error instanceof Error ? error.message : String(error) }),
  );
}

/** An execution's own error: it lacks what only an HTTP answer has. */
export function executionError(error: Partial<Problem> & { message?: string }): ApiError {
  return new ApiError(problem({ ...error, detail: error.detail ?? error.message ?? "" }));
}

const problem = (known: Partial<Problem>): Problem => ({
  type: "about:blank",
  title: "The statement failed",
  status: 400,
  detail: "",
  code: "INTERNAL",
  request_id: "",
  ...known,
});
