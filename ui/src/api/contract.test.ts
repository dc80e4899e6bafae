import { QueryClient } from "@tanstack/react-query";
import { readFileSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import { publicData } from "./public";
import * as queries from "./queries";
import type { Connection } from "./types";
import * as writes from "./writes";

interface Operation {
  parameters?: { name: string; in: string }[];
}
const document = JSON.parse(readFileSync(new URL("openapi.json", import.meta.url), "utf8")) as {
  paths: Record<string, Record<string, Operation>>;
};

afterEach(() => {
  vi.unstubAllGlobals();
});

/** The first call that `act` makes. */
async function firstCall(act: () => unknown): Promise<{ method: string; url: URL }> {
  const calls: { method: string; url: URL }[] = [];
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    calls.push({ method: (init.method ?? "GET").toLowerCase(), url: new URL(path, "http://local") });
    return Promise.resolve(Response.json({ items: [], next_cursor: null }));
  });
  await act();
  const [call] = calls;
  if (!call) throw new Error("nothing was called");
  return call;
}

/** The operation of the server's own description that a call meets. */
function operation({ method, url }: { method: string; url: URL }): Operation | undefined {
  const segments = url.pathname.split("/");
  const fits = Object.entries(document.paths).filter(([template]) => {
    const parts = template.split("/");
    return parts.length === segments.length && parts.every((part, i) => part.startsWith("{") || part === segments[i]);
  });
  // Of `/dashboards/by-slug/{slug}` and `/{kind}/{id}/versions`, the one with fewer blanks.
  fits.sort(([a], [b]) => a.split("{").length - b.split("{").length);
  return fits.map(([, methods]) => methods[method]).find(Boolean);
}

const table = { catalog: "c", database: "d", name: "t", version: "1", partition_keys: [] };
const READS = {
  me: queries.me(),
  authState: queries.authState(),
  dashboards: queries.dashboards(),
  dashboardBySlug: queries.dashboardBySlug("s"),
  dashboardData: queries.dashboardData("i", {}),
  publicData: publicData("s", { filters: [], tabs: [{ id: "a", title: "A", tiles: [] }] }, {}, "b"),
  savedQueries: queries.savedQueries(),
  savedQuery: queries.savedQuery("i"),
  catalogs: queries.catalogs(),
  databases: queries.databases("c"),
  tables: queries.tables("c", "d", "x"),
  table: queries.table("c", "d", "t"),
  tablePreview: queries.tablePreview("c", "d", "t"),
  partitionRows: queries.partitionRows(table, 5),
  executions: queries.executions({ mine: true, q: "x", state: "FAILED" }),
  apiTokens: queries.apiTokens(),
  connections: queries.connections(),
  costs: queries.costs("2026-01-01", "2026-01-31", "day"),
  resultCache: queries.resultCache(),
  budgets: queries.budgets(),
  approvals: queries.approvals(),
  users: queries.users(),
  groups: queries.groups(),
};
const connection = { id: "c", updated_at: null } as Connection;
const WRITES: Record<string, () => unknown> = {
  login: () => writes.login({ email: "", password: "" }),
  signInByLink: () => writes.signInByLink("t"),
  setup: () => writes.setup({ token: "", email: "", name: "", password: "" }),
  logout: writes.logout,
  endAllSessions: writes.endAllSessions,
  changePassword: () => writes.changePassword({ current: "", new: "" }),
  savePreferences: () => writes.savePreferences({}),
  createToken: () => writes.createToken({ name: "", scopes: [], expires_at: null }),
  revokeToken: () => writes.revokeToken("i"),
  setStar: () => writes.setStar("queries", "i", true),
  clearStar: () => writes.setStar("dashboards", "i", false),
  refreshCatalog: () => writes.refreshCatalog("c"),
  refreshTable: () => writes.refreshTable("c", "d", "t"),
  requirePartition: () => writes.requirePartition("c", "d", "t", ["k"]),
  createBudget: () =>
    writes.createBudget({
      subject: { kind: "everyone" },
      period: "day",
      limit_bytes: 1,
      limit_usd: null,
      action: "block",
    }),
  updateBudget: () => writes.updateBudget("i", { limit_bytes: 1, limit_usd: null, action: "ask" }),
  deleteBudget: () => writes.deleteBudget("i"),
  createGroup: () => writes.createGroup({ name: "", members: [] }),
  changeGroup: () => writes.changeGroup("i", { name: "", members: [] }),
  removeGroup: () => writes.removeGroup("i"),
  approveRun: () => writes.decideRun("i", true, ""),
  rejectRun: () => writes.decideRun("i", false, "no"),
  deleteDashboard: () => writes.deleteDashboard("i"),
  createConnection: () => writes.createConnection({ name: "c", kind: "s3", settings: {} }),
  changeConnection: () => writes.changeConnection(connection, { secret: "s" }),
  removeConnection: () => writes.removeConnection(connection),
  checkConnection: () => writes.checkConnection("c", {}),
  limitWorkgroup: () => writes.limitWorkgroup("c"),
  checkDraft: () => writes.checkDraft({ kind: "s3", settings: {} }),
};
const calls: [string, () => unknown][] = [
  ...Object.entries(READS).map(([name, options]): [string, () => unknown] => [
    name,
    () => new QueryClient().fetchQuery({ ...options, retry: false } as never),
  ]),
  ...Object.entries(WRITES),
];

test.each(calls)("%s calls what the server offers, with parameters that it knows", async (_name, act) => {
  const call = await firstCall(act);
  const offered = operation(call);
  expect(offered, `${call.method} ${call.url.pathname}`).toBeDefined();
  const known = (offered?.parameters ?? [])
    .filter((parameter) => parameter.in === "query")
    .map((parameter) => parameter.name);
  expect(known).toEqual(expect.arrayContaining([...call.url.searchParams.keys()]));
});
