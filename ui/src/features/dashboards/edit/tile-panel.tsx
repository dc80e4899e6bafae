import { useState } from "react";
import { Field, Select, TextArea } from "@/ui/field";
import type { ChartDefinition, Column } from "@/api/types";
import { chartNames, chartTypes, normalizeSpec, type ChartType } from "@/viz";
import { tileSql, type DashboardDefinition, type Filter, type Tile } from "../definition";
import { choices, complete, retype } from "./columns";
import { sharedBy } from "./draft";
import { Late, SqlField } from "./inputs";
import { FIELDS, Glyph, isNeeded } from "./kinds";

/** Everything about the chosen tile. */
export function TilePanel(props: {
  tile: Tile;
  definition: DashboardDefinition;
  columns: readonly Column[];
  onChange: (change: Partial<Tile>) => void;
  onSql: (sql: string) => void;
  onOwnSql: () => void;
}) {
  const { tile, definition, columns, onChange, onSql, onOwnSql } = props;
  const type = (chartTypes as readonly string[]).includes(tile.chart.type) ? (tile.chart.type as ChartType) : undefined;
  const drawn = complete(tile.chart, columns);
  const chart = (patch: Record<string, unknown>): void => {
    const next: ChartDefinition = { ...tile.chart, ...patch };
    for (const [k, v] of Object.entries(next)) if (v === undefined || v === "") delete next[k];
    onChange({ chart: next });
  };
  const problem = normalizeSpec(drawn, columns.length ? columns : undefined).problem;
  return (
    <>
      <h2>{tile.title || "Tile"}</h2>
      <Field label="Title">
        {(control) => <Late key={tile.title} {...control} value={tile.title} onDone={(title) => onChange({ title })} />}
      </Field>
      <Field label="Unit" hint="{rows} stands for the number of rows.">
        {(control) => (
          <Late key={tile.unit} {...control} value={tile.unit ?? ""} onDone={(unit) => onChange({ unit })} />
        )}
      </Field>
      <h3>Chart</h3>
      <div className="le-kinds">
        {chartTypes.map((t) => (
          <button
            key={t}
            type="button"
            aria-pressed={t === type}
            onClick={() => onChange({ chart: retype(tile.chart, t, columns) })}
          >
            <Glyph type={t} />
            <span>{chartNames[t]}</span>
          </button>
        ))}
      </div>
      {problem && (
        <p className="le-problem" role="alert">
          {problem}
        </p>
      )}
      <div className="le-fields">
        {(type ? FIELDS[type] : []).map((field) => {
          const now = drawn[field.key];
          const list = Array.isArray(now) ? (now as string[]) : typeof now === "string" && now !== "" ? [now] : [];
          if (field.many)
            return (
              <fieldset key={field.key}>
                <legend>{field.label}</legend>
                {choices(field, columns).map((c) => (
                  <label key={c.name}>
                    <input
                      type="checkbox"
                      className="check"
                      checked={list.includes(c.name)}
                      onChange={(event) =>
                        chart({
                          [field.key]: event.target.checked ? [...list, c.name] : list.filter((n) => n !== c.name),
                        })
                      }
                    />
                    {c.name}
                  </label>
                ))}
              </fieldset>
            );
          return (
            <label key={field.key}>
              {field.label}
              <Select
                value={list[0] ?? ""}
                onChange={(event) => chart({ [field.key]: event.target.value || undefined })}
              >
                {(!isNeeded(field, drawn) || list.length === 0) && (
                  <option value="">{isNeeded(field, drawn) ? "Choose a column" : "None"}</option>
                )}
                {list[0] && !columns.some((c) => c.name === list[0]) && <option>{list[0]}</option>}
                {choices(field, columns).map((c) => (
                  <option key={c.name}>{c.name}</option>
                ))}
              </Select>
            </label>
          );
        })}
        {type === "bar" && (
          <>
            <label className="le-row">
              <input
                type="checkbox"
                className="check"
                checked={tile.chart["horizontal"] === true}
                onChange={(event) => chart({ horizontal: event.target.checked || undefined })}
              />
              Lying bars
            </label>
            <label className="le-row">
              <input
                type="checkbox"
                className="check"
                checked={tile.chart["mode"] === "stacked"}
                onChange={(event) => chart({ mode: event.target.checked ? "stacked" : undefined })}
              />
              Stacked
            </label>
          </>
        )}
        <label htmlFor="le-style">
          Values as
          <Select
            id="le-style"
            value={String(tile.chart["style"] ?? "")}
            onChange={(event) => chart({ style: event.target.value || undefined })}
          >
            <option value="">Automatic</option>
            <option value="number">Numbers</option>
            <option value="compact">Compact numbers</option>
            <option value="percent">Per cent</option>
          </Select>
        </label>
      </div>
      <Data key={tileSql(definition, tile)} {...props} onOwnSql={onOwnSql} onSql={onSql} onChange={onChange} />
      <ClickChoice tile={tile} filters={definition.filters as Filter[]} columns={columns} onChange={onChange} />
      <Json key={JSON.stringify(tile.chart)} chart={tile.chart} onDone={(next) => onChange({ chart: next })} />
    </>
  );
}

function Data({
  tile,
  definition,
  onChange,
  onSql,
  onOwnSql,
}: {
  tile: Tile;
  definition: DashboardDefinition;
  onChange: (change: Partial<Tile>) => void;
  onSql: (sql: string) => void;
  onOwnSql: () => void;
}) {
  const stored = tileSql(definition, tile);
  const shared = tile.query ? sharedBy(definition, tile.query) : 0;
  const names = Object.keys(definition.queries).filter((n) => !n.startsWith("opt_"));
  return (
    <>
      <h3>Data</h3>
      {names.length > 0 && (
        <div className="le-fields">
          <label>
            Query
            <Select
              value={tile.sql === undefined ? (tile.query ?? "") : ""}
              onChange={(event) =>
                event.target.value ? onChange({ query: event.target.value, sql: undefined }) : onOwnSql()
              }
            >
              <option value="">Own query of this tile</option>
              {names.map((n) => (
                <option key={n}>{n}</option>
              ))}
            </Select>
          </label>
        </div>
      )}
      {shared > 1 && (
        <p className="le-none">
          {shared} tiles draw this query; a change is for all of them.{" "}
          {/* Keeps the focus where it is: what is being typed is for this tile alone. */}
          <button
            type="button"
            className="text-accent-text"
            onMouseDown={(event) => event.preventDefault()}
            onClick={onOwnSql}
          >
            Make it this tile’s own
          </button>
        </p>
      )}
      <SqlField label="SQL" sql={stored} onRun={onSql} />
    </>
  );
}

function ClickChoice({
  tile,
  filters,
  columns,
  onChange,
}: {
  tile: Tile;
  filters: readonly Filter[];
  columns: readonly Column[];
  onChange: (change: Partial<Tile>) => void;
}) {
  if (filters.length === 0) return null;
  return (
    <>
      <h3>A click filters</h3>
      <div className="le-fields">
        <label>
          Filter
          <Select
            value={tile.click?.filter ?? ""}
            onChange={(event) =>
              onChange({
                click: event.target.value
                  ? { filter: event.target.value, column: tile.click?.column ?? columns[0]?.name ?? "" }
                  : undefined,
              })
            }
          >
            <option value="">None</option>
            {filters.map((f) => (
              <option key={f.id} value={f.id}>
                {f.label}
              </option>
            ))}
          </Select>
        </label>
        {tile.click && (
          <label>
            By column
            <Select
              value={tile.click.column}
              onChange={(event) => tile.click && onChange({ click: { ...tile.click, column: event.target.value } })}
            >
              {!columns.some((c) => c.name === tile.click?.column) && <option>{tile.click.column}</option>}
              {columns.map((c) => (
                <option key={c.name}>{c.name}</option>
              ))}
            </Select>
          </label>
        )}
      </div>
    </>
  );
}

/** The whole specification as it is stored, for what has no field of its own. */
function Json({ chart, onDone }: { chart: ChartDefinition; onDone: (chart: ChartDefinition) => void }) {
  const stored = JSON.stringify(chart, null, 2);
  const [text, setText] = useState(stored);
  const [wrong, setWrong] = useState<string | null>(null);
  const apply = (): void => {
    if (text === stored) return;
    try {
      const next: unknown = JSON.parse(text);
      const problem = normalizeSpec(next).problem;
      setWrong(problem ?? null);
      if (!problem) onDone(next as ChartDefinition);
    } catch {
      setWrong("This is not JSON yet: look for a missing comma or quote.");
    }
  };
  return (
    <details className="le-json">
      <summary>All settings as JSON</summary>
      <TextArea
        aria-label="Chart settings as JSON"
        className="le-sql font-mono"
        spellCheck={false}
        rows={10}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onBlur={apply}
      />
      {wrong && (
        <p className="le-problem" role="alert">
          {wrong}
        </p>
      )}
    </details>
  );
}
