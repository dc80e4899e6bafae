import type { Dashboard, DashboardDefinition, DashboardTab } from "./types";

/** What a program may have left out of a definition, as the pages take it for granted. */
export function wholeDefinition(definition: DashboardDefinition): DashboardDefinition {
  const { queries, filters, tabs } = (definition as Partial<DashboardDefinition> | undefined) ?? {};
  if (queries && filters && tabs?.every((tab) => (tab as Partial<DashboardTab>).tiles)) return definition;
  return {
    ...definition,
    queries: queries ?? {},
    filters: filters ?? [],
    tabs: (tabs ?? []).map((tab) => Object.assign({}, tab, { tiles: (tab as Partial<DashboardTab>).tiles ?? [] })),
  };
}

export function whole(dashboard: Dashboard): Dashboard {
  const definition = wholeDefinition(dashboard.definition);
  return definition === dashboard.definition ? dashboard : { ...dashboard, definition };
}
