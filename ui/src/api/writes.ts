import { callJson } from "./client";
import type {
  Budget,
  BudgetLimits,
  CheckReport,
  Connection,
  ConnectionChange,
  ConnectionInput,
  Dashboard,
  DashboardDefinition,
  Group,
  GroupInput,
  NewApiToken,
  NewBudget,
  NewUser,
  Preferences,
  Table,
  TokenScope,
  User,
} from "./types";

const part = encodeURIComponent;

export const login = (body: { email: string; password: string }) =>
  callJson<void>("/auth/login", { method: "POST", body });
export const signInByLink = (token: string) => callJson<void>("/auth/link", { method: "POST", body: { token } });
export const setup = (body: { token: string; email: string; name: string; password: string }) =>
  callJson<void>("/auth/setup", { method: "POST", body });
export const logout = () => callJson<void>("/auth/logout", { method: "POST" });
export const endAllSessions = () => callJson<void>("/auth/sessions", { method: "DELETE" });

export const changePassword = (body: { current: string; new: string }) =>
  callJson<void>("/auth/password", { method: "PUT", body });

export const savePreferences = (body: Preferences) => callJson<Preferences>("/me/preferences", { method: "PUT", body });

export const createToken = (body: { name: string; scopes: TokenScope[]; expires_at: string | null }) =>
  callJson<NewApiToken>("/tokens", { method: "POST", body });
export const revokeToken = (id: string) => callJson<void>(`/tokens/${part(id)}`, { method: "DELETE" });

export const setStar = (kind: "dashboards" | "queries" | "charts", id: string, starred: boolean) =>
  callJson<void>(`/${kind}/${part(id)}/star`, { method: starred ? "PUT" : "DELETE" });

export const refreshCatalog = (catalog: string) =>
  callJson<void>(`/catalogs/${part(catalog)}/refresh`, { method: "POST" });
export const refreshTable = (catalog: string, database: string, name: string) =>
  callJson<Table>(`/catalogs/${part(catalog)}/databases/${part(database)}/tables/${part(name)}/refresh`, {
    method: "POST",
  });

export const requirePartition = (catalog: string, database: string, name: string, keys: string[]) =>
  callJson<Table>(`/catalogs/${part(catalog)}/databases/${part(database)}/tables/${part(name)}`, {
    method: "PATCH",
    body: { require_partition: keys },
  });

export const createBudget = (body: NewBudget) => callJson<Budget>("/budgets", { method: "POST", body });
export const updateBudget = (id: string, body: BudgetLimits) =>
  callJson<Budget>(`/budgets/${part(id)}`, { method: "PATCH", body });
export const deleteBudget = (id: string) => callJson<void>(`/budgets/${part(id)}`, { method: "DELETE" });

/** With the link that the person signs in with once. */
export const createUser = (body: NewUser) => callJson<User & { secret: string }>("/users", { method: "POST", body });
export const changeUser = (id: string, body: Partial<Pick<User, "name" | "role" | "disabled">>) =>
  callJson<User>(`/users/${part(id)}`, { method: "PATCH", body });
export const signInLink = (id: string) =>
  callJson<{ secret: string }>(`/users/${part(id)}/link`, { method: "POST", body: {} });

export const createGroup = (body: GroupInput) => callJson<Group>("/groups", { method: "POST", body });
export const changeGroup = (id: string, body: GroupInput) =>
  callJson<Group>(`/groups/${part(id)}`, { method: "PATCH", body });
export const removeGroup = (id: string) => callJson<void>(`/groups/${part(id)}`, { method: "DELETE" });

export const decideRun = (id: string, approve: boolean, note: string) =>
  callJson<void>(`/executions/${part(id)}/${approve ? "approve" : "reject"}`, {
    method: "POST",
    body: note ? { note } : {},
  });

export const createDashboard = (body: { title: string; description?: string; definition: DashboardDefinition }) =>
  callJson<Dashboard>("/dashboards", { method: "POST", body });
export const deleteDashboard = (id: string) => callJson<void>(`/dashboards/${part(id)}`, { method: "DELETE" });
/** Unless somebody has saved it since it was read. */
export const dropDashboard = ({ id, version }: Pick<Dashboard, "id" | "version">) =>
  callJson<void>(`/dashboards/${part(id)}`, { method: "DELETE", headers: { "if-match": `"${version}"` } });

/** The version that a change is made to: someone else's in between answers 412. */
const unchanged = ({ updated_at }: Connection): Record<string, string> =>
  updated_at ? { "if-match": `"${Date.parse(updated_at)}"` } : {};

export const createConnection = (body: ConnectionInput) =>
  callJson<Connection>("/connections", { method: "POST", body });
export const changeConnection = (of: Connection, body: ConnectionChange) =>
  callJson<Connection>(`/connections/${part(of.id)}`, { method: "PATCH", body, headers: unchanged(of) });
export const removeConnection = (of: Connection) =>
  callJson<void>(`/connections/${part(of.id)}`, { method: "DELETE", headers: unchanged(of) });
export const checkConnection = (id: string, body: ConnectionChange) =>
  callJson<CheckReport>(`/connections/${part(id)}/check`, { method: "POST", body });
export const limitWorkgroup = (id: string) =>
  callJson<{ workgroup: string; bytes: number }>(`/connections/${part(id)}/limit-workgroup`, { method: "POST" });
export const checkDraft = (body: ConnectionInput) =>
  callJson<CheckReport>("/connections/check", { method: "POST", body });
