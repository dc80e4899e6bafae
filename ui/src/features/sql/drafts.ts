import type { Engine } from "@/api/types";
import type { ParameterType } from "./text/parameters";

/** One tab of the editor, kept in the browser until it is closed. */
export interface Draft {
  key: string;
  title: string;
  sql: string;
  /** The saved query it edits, and what that held when it was last opened or saved. */
  saved: { id: string; version: number; sql: string; title: string } | null;
  catalog: string | null;
  database: string | null;
  engine: Engine;
  /** Text of the parameter widgets, by name. */
  values: Record<string, string>;
  /** Types the person chose, where the inferred one was wrong. */
  types: Record<string, ParameterType>;
}

export interface Drafts {
  tabs: Draft[];
  active: string;
}

const KEY = "lakefront.sql.drafts";

export function newDraft(tabs: readonly Draft[], from: Partial<Draft> = {}): Draft {
  const numbers = tabs.map((tab) => Number(/^Untitled (\d+)$/.exec(tab.title)?.[1] ?? 0));
  return {
    key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`,
    title: `Untitled ${Math.max(0, ...numbers) + 1}`,
    sql: "",
    saved: null,
    catalog: null,
    database: null,
    engine: "auto",
    values: {},
    types: {},
    ...from,
  };
}

/** Unsaved: differs from the saved query, or holds text that was never saved. */
export function isDirty(draft: Draft): boolean {
  return draft.saved === null
    ? draft.sql.trim() !== ""
    : draft.sql !== draft.saved.sql || draft.title !== draft.saved.title;
}

export function freshDrafts(): Drafts {
  const tab = newDraft([]);
  return { tabs: [tab], active: tab.key };
}

export type DraftAction =
  | { do: "load"; drafts: Drafts }
  | { do: "edit"; key: string; change: Partial<Draft> }
  | { do: "open"; draft: Partial<Draft> }
  | { do: "show"; key: string }
  | { do: "close"; key: string };

/** A text that nobody has touched gives way to what is opened over it. */
function isBlank(draft: Draft | undefined): boolean {
  return draft !== undefined && draft.saved === null && draft.sql.trim() === "";
}

export function reduceDrafts(state: Drafts, action: DraftAction): Drafts {
  switch (action.do) {
    case "load":
      return action.drafts;
    case "edit":
      return { ...state, tabs: state.tabs.map((tab) => (tab.key === action.key ? { ...tab, ...action.change } : tab)) };
    case "show":
      return { ...state, active: action.key };
    case "open": {
      const same = action.draft.saved ? state.tabs.find((tab) => tab.saved?.id === action.draft.saved?.id) : undefined;
      if (same) {
        // A tab without changes of its own shows what is saved now.
        const change = isDirty(same) ? {} : action.draft;
        return { active: same.key, tabs: state.tabs.map((tab) => (tab === same ? { ...tab, ...change } : tab)) };
      }
      const current = state.tabs.find((tab) => tab.key === state.active);
      const kept =
        isBlank(current) && action.draft.sql !== undefined ? state.tabs.filter((tab) => tab !== current) : state.tabs;
      const draft = newDraft(kept, action.draft);
      return { tabs: [...kept, draft], active: draft.key };
    }
    case "close": {
      const index = state.tabs.findIndex((tab) => tab.key === action.key);
      const tabs = state.tabs.filter((tab) => tab.key !== action.key);
      if (tabs.length === 0) return freshDrafts();
      const next = tabs[Math.min(index, tabs.length - 1)] as Draft;
      return { tabs, active: state.active === action.key ? next.key : state.active };
    }
  }
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== "object" || value === null) return false;
  const { key, sql, title } = value as Partial<Draft>;
  return typeof key === "string" && typeof sql === "string" && typeof title === "string";
}

/** What an earlier visit left; anything unreadable counts as nothing. */
export function restoreDrafts(storage: Pick<Storage, "getItem">): Drafts {
  try {
    const stored = JSON.parse(storage.getItem(KEY) ?? "null") as Partial<Drafts> | null;
    const tabs = (stored?.tabs ?? []).filter(isDraft).map((tab) => newDraft([], tab));
    const [first] = tabs;
    if (!first) return freshDrafts();
    return { tabs, active: tabs.some((tab) => tab.key === stored?.active) ? (stored?.active as string) : first.key };
  } catch {
    return freshDrafts();
  }
}

export function storeDrafts(storage: Pick<Storage, "setItem">, drafts: Drafts): void {
  try {
    storage.setItem(KEY, JSON.stringify(drafts));
  } catch {
    // A full or forbidden storage costs the drafts after a reload, not the work at hand.
  }
}
