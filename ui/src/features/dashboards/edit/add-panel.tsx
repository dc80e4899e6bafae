import { useQuery } from "@tanstack/react-query";
import { ChartLine, Plus, SquareTerminal } from "lucide-react";
import { useId, useState } from "react";
import { savedCharts } from "@/api/dashboards";
import { savedQueries } from "@/api/queries";
import { Button } from "@/ui/button";
import { Checkbox, Field, Input, SearchField, Select } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { chartNames, chartTypes, type ChartType } from "@/viz";
import type { DashboardDefinition, Tile } from "../definition";
import type { Content } from "./draft";
import { FilterList } from "./filter-panel";
import { addFilter } from "./filters";
import { Glyph } from "./kinds";

const INTERVALS: [seconds: number, words: string][] = [
  [300, "Every 5 minutes"],
  [3600, "Every hour"],
  [86400, "Once a day"],
];

type NewTile = Omit<Tile, "id" | "x" | "y" | "w" | "h">;

/** What can be put on the tab: a new chart over a query of this dashboard, a saved chart, a saved query; the filters, and the tab and the dashboard themselves. */
export function AddPanel(props: {
  definition: DashboardDefinition;
  title: string;
  tab: { id: string; title: string };
  onAdd: (tile: NewTile) => void;
  onChange: (make: (now: Content) => Content) => void;
  /** A filter is chosen, of those there are or a new one. */
  onFilter: (id: string) => void;
  onTitle: (title: string) => void;
  onTabTitle: (title: string) => void;
  onTabRemove: (() => void) | undefined;
  onKeepWarm: (keepWarm: boolean) => void;
  onRefresh: (seconds: number | undefined) => void;
}) {
  const { definition, title, tab, onAdd, onChange, onFilter, onTitle, onTabTitle, onTabRemove, onKeepWarm, onRefresh } =
    props;
  const hint = useId();
  const [wanted, setWanted] = useState("");
  const charts = useQuery(savedCharts());
  const queries = useQuery(savedQueries());
  const matches = (name: string): boolean => name.toLowerCase().includes(wanted.trim().toLowerCase());
  const source = Object.keys(definition.queries).find((name) => !name.startsWith("opt_"));
  const start = source ? { query: source } : { sql: "select 1 as value" };
  return (
    <>
      <h2>Add a tile</h2>
      <SearchField
        label="Find a saved chart or query"
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      <h3>New chart</h3>
      <div className="le-kinds">
        {chartTypes.map((type: ChartType) => (
          <button
            key={type}
            type="button"
            onClick={() => onAdd({ title: `New ${chartNames[type].toLowerCase()}`, chart: { type }, ...start })}
          >
            <Glyph type={type} />
            <span>{chartNames[type]}</span>
          </button>
        ))}
      </div>
      <h3>Saved charts</h3>
      <ul className="le-saved">
        {(charts.data?.items ?? [])
          .filter((c) => matches(c.title))
          .map((c) => (
            <li key={c.id}>
              <button
                type="button"
                disabled={!c.definition.sql}
                onClick={() => onAdd({ title: c.title, sql: c.definition.sql ?? "", chart: c.definition.chart })}
              >
                <Icon as={ChartLine} size={14} />
                <span>{c.title}</span>
                <small>{chartNames[c.definition.chart.type as ChartType] ?? c.definition.chart.type}</small>
              </button>
            </li>
          ))}
        {charts.isSuccess && charts.data.items.length === 0 && (
          <li className="le-none">None yet. Save one from the SQL workbench.</li>
        )}
      </ul>
      <h3>Saved queries</h3>
      <ul className="le-saved">
        {(queries.data?.items ?? [])
          .filter((q) => matches(q.title))
          .map((q) => (
            <li key={q.id}>
              <button
                type="button"
                onClick={() => onAdd({ title: q.title, sql: q.definition.sql, chart: { type: "table" } })}
              >
                <Icon as={SquareTerminal} size={14} />
                <span>{q.title}</span>
                <Icon as={Plus} size={14} />
              </button>
            </li>
          ))}
        <li>
          <button
            type="button"
            onClick={() => onAdd({ title: "New query", sql: "select 1 as value", chart: { type: "table" } })}
          >
            <Icon as={SquareTerminal} size={14} />
            <span>From a SQL query</span>
          </button>
        </li>
      </ul>
      <FilterList
        definition={definition}
        onChoose={onFilter}
        onChange={onChange}
        onAdd={() => {
          const made = addFilter({ title, definition });
          onChange(() => made.content);
          onFilter(made.id);
        }}
      />
      <h3>Names</h3>
      <Field label="Dashboard">
        {(control) => <Input size="md" {...control} value={title} onChange={(event) => onTitle(event.target.value)} />}
      </Field>
      <Field label="This tab">
        {(control) => (
          <Input size="md" {...control} value={tab.title} onChange={(event) => onTabTitle(event.target.value)} />
        )}
      </Field>
      {onTabRemove && (
        <Button variant="danger" size="sm" onClick={onTabRemove}>
          Remove this tab
        </Button>
      )}
      <h3>New data</h3>
      <Checkbox
        label="Keep warm"
        aria-describedby={hint}
        checked={definition.keep_warm === true}
        onChange={(event) => onKeepWarm(event.target.checked)}
      />
      <p id={hint} className="mb-3.5 text-small text-ink-2">
        Runs its statements at the owner’s cost when new data arrives, so that nobody waits for them.
      </p>
      <Field label="The public page looks for it" className="mb-3.5">
        {(control) => (
          <Select
            {...control}
            value={String(definition.refresh_s ?? "")}
            onChange={(event) => onRefresh(event.target.value === "" ? undefined : Number(event.target.value))}
          >
            <option value="">As often as caches allow</option>
            {INTERVALS.map(([seconds, words]) => (
              <option key={seconds} value={seconds}>
                {words}
              </option>
            ))}
            {definition.refresh_s !== undefined && !INTERVALS.some(([seconds]) => seconds === definition.refresh_s) && (
              <option value={definition.refresh_s}>Every {definition.refresh_s} s</option>
            )}
          </Select>
        )}
      </Field>
    </>
  );
}
