import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { PAGE_NAMES, parametersOf } from "@/api/filters";
import { dashboards } from "@/api/queries";
import type { Dashboard, DashboardDefinition, DashboardTile } from "@/api/types";
import type { ChartSpec } from "@/viz";
import * as api from "../api";
import type { Parameter } from "../text/parameters";
import { FormDialog } from "./dialog";
import { newFilters, withTile } from "./tile";

interface Props {
  title: string;
  sql: string;
  catalog: string;
  database: string;
  chart: ChartSpec;
  parameters: Parameter[];
  onDone: (dashboard: Dashboard) => void;
  onClose: () => void;
}

const NEW = "new";
const NOTHING = { filters: [], queries: {} };

export function DashboardDialog({
  title: suggested,
  sql,
  catalog,
  database,
  chart,
  parameters,
  onDone,
  onClose,
}: Props) {
  const client = useQueryClient();
  const list = useQuery(dashboards()).data?.items ?? [];
  const [title, setTitle] = useState(suggested);
  const [target, setTarget] = useState<string>(NEW);
  const [name, setName] = useState("");
  const [tab, setTab] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const chosen = list.find((each) => each.id === target);
  const { filters } = newFilters(chosen?.definition ?? NOTHING, sql, parameters);
  const set = new Set([...(chosen?.definition.filters ?? []), ...filters].flatMap(parametersOf));
  const left = parameters.filter((parameter) => !parameter.optional && !set.has(parameter.name));

  const add = async () => {
    if (title.trim() === "") return setProblem("Give the tile a title.");
    if (!chosen && name.trim() === "") return setProblem("Give the new dashboard a title.");
    setBusy(true);
    const addition = {
      title: title.trim(),
      chart: chart as unknown as DashboardTile["chart"],
      statement: { sql, catalog, database },
      parameters,
    };
    try {
      let saved: Dashboard;
      if (chosen) {
        // Read again: someone may have moved its tiles since the list was made.
        const now = await api.dashboard(chosen.id);
        const tabId = now.definition.tabs.some((each) => each.id === tab) ? tab : (now.definition.tabs[0]?.id ?? "");
        saved = await api.updateDashboard(now.id, now.version, withTile(now.definition, tabId, addition));
      } else {
        const empty: DashboardDefinition = {
          catalog,
          database,
          queries: {},
          filters: [],
          tabs: [{ id: "overview", title: "Overview", tiles: [] }],
        };
        saved = await api.createDashboard(name.trim(), withTile(empty, "overview", addition));
      }
      await client.invalidateQueries({ queryKey: ["dashboards"] });
      onDone(saved);
      onClose();
    } catch (error) {
      const failure = api.asApiError(error);
      setProblem(
        failure.status === 412 ? "Someone changed that dashboard at the same moment. Try again." : failure.message,
      );
      setBusy(false);
    }
  };

  return (
    <FormDialog
      title="Add to a dashboard"
      action="Add"
      busy={busy}
      problem={problem}
      onSubmit={() => void add()}
      onClose={onClose}
    >
      <label className="wb-field">
        <span>Title of the tile</span>
        <input value={title} onChange={(event) => setTitle(event.target.value)} maxLength={200} />
      </label>
      <label className="wb-field">
        <span>Dashboard</span>
        <select value={target} onChange={(event) => setTarget(event.target.value)}>
          <option value={NEW}>A new one</option>
          {list.map((each) => (
            <option key={each.id} value={each.id}>
              {each.title}
            </option>
          ))}
        </select>
      </label>
      {chosen && chosen.definition.tabs.length > 1 ? (
        <label className="wb-field">
          <span>Tab</span>
          <select value={tab} onChange={(event) => setTab(event.target.value)}>
            {chosen.definition.tabs.map((each) => (
              <option key={each.id} value={each.id}>
                {each.title}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      {chosen ? null : (
        <label className="wb-field">
          <span>Title of the new dashboard</span>
          <input value={name} onChange={(event) => setName(event.target.value)} maxLength={200} />
        </label>
      )}
      {filters.length > 0 ? (
        <p className="wb-note">
          The dashboard gets {filters.length === 1 ? "a filter" : "filters"} for{" "}
          {filters
            .flatMap(parametersOf)
            .map((name) => `{{${name}}}`)
            .join(", ")}
          , which its editor can change.
        </p>
      ) : null}
      {left.length > 0 ? (
        <p className="wb-note">
          The tile stays empty until the dashboard has filters for {left.map((each) => `{{${each.name}}}`).join(", ")}:
          make them in its editor
          {left.some(({ name }) => PAGE_NAMES.has(name))
            ? ", under names that an address does not have for itself"
            : ""}
          , or put such a clause between [[ and ]].
        </p>
      ) : null}
    </FormDialog>
  );
}
