import { useEffect, useMemo, useState } from "react";
import {
  Chart,
  chartNames,
  chartTypes,
  normalizeSpec,
  suggestSpec,
  type ChartSpec,
  type ChartType,
  type Row,
} from "@/viz";
import { useMayEdit } from "@/ui/use-role";
import { count } from "../format";
import { chartValue } from "../result/cells";
import type { ResultPages } from "../result/pages";
import type { Run } from "../use-executions";
import { candidates, changeType, ENCODINGS, type Encoding } from "./encodings";

/** A chart of more marks than this says less than one of an aggregate. */
const CHART_ROWS = 5000;

interface Props {
  run: Run | undefined;
  spec: ChartSpec | null;
  onSpec: (spec: ChartSpec) => void;
  onSaveChart: (spec: ChartSpec) => void;
  onAddToDashboard: (spec: ChartSpec) => void;
}

/** The result as a chart, with its encodings beside it. */
export function ChartPane({ run, spec: chosen, onSpec, onSaveChart, onAddToDashboard }: Props) {
  const mayEdit = useMayEdit();
  const columns = useMemo(() => run?.status?.columns ?? [], [run?.status?.columns]);
  const rows = useChartRows(run?.pages ?? null);
  const { setPreview, height } = useHeight();
  const spec = useMemo(
    () => (chosen && normalizeSpec(chosen, columns).spec) || suggestSpec(columns),
    [chosen, columns],
  );
  if (!run?.pages || columns.length === 0)
    return <p className="wb-nores">Run a statement first; its result is drawn here.</p>;
  const values = spec as unknown as Record<string, unknown>;
  const set = (key: string, value: unknown) => {
    const { [key]: _, ...rest } = values;
    onSpec((value === "" || value === undefined ? rest : { ...rest, [key]: value }) as unknown as ChartSpec);
  };
  const { problem } = normalizeSpec(spec, columns);
  return (
    <div className="wb-chart">
      <form className="wb-enc" aria-label="Chart settings" onSubmit={(event) => event.preventDefault()}>
        <Field label="Chart">
          <select
            value={spec.type}
            onChange={(event) => onSpec(changeType(spec, event.target.value as ChartType, columns))}
          >
            {chartTypes.map((type) => (
              <option key={type} value={type}>
                {chartNames[type]}
              </option>
            ))}
          </select>
        </Field>
        {ENCODINGS[spec.type].map((encoding) => (
          <EncodingField
            key={encoding.key}
            encoding={encoding}
            columns={candidates(columns, encoding)}
            value={values[encoding.key]}
            onChange={(value) => set(encoding.key, value)}
          />
        ))}
        {spec.type === "bar" ? (
          <>
            <Field label="Bars">
              <select value={spec.mode ?? "grouped"} onChange={(event) => set("mode", event.target.value)}>
                <option value="grouped">Side by side</option>
                <option value="stacked">Stacked</option>
              </select>
            </Field>
            <label className="wb-check">
              <input
                type="checkbox"
                checked={spec.horizontal ?? false}
                onChange={(event) => set("horizontal", event.target.checked || undefined)}
              />
              Horizontal
            </label>
          </>
        ) : null}
        {mayEdit && (
          <div className="acts">
            <button
              type="button"
              className="wb-ctl pri"
              disabled={problem !== undefined}
              onClick={() => onAddToDashboard(spec)}
            >
              Add to dashboard
            </button>
            <button type="button" className="wb-ctl" disabled={problem !== undefined} onClick={() => onSaveChart(spec)}>
              Save chart
            </button>
          </div>
        )}
        {run.pages.rows > CHART_ROWS ? (
          <p className="wb-note">
            Drawn from the first {count(CHART_ROWS)} of {count(run.pages.rows)} rows. Group the statement to draw them
            all.
          </p>
        ) : null}
      </form>
      <div ref={setPreview} className="wb-preview">
        {problem ? (
          <p className="wb-nores">{problem}</p>
        ) : rows ? (
          <Chart spec={spec} columns={columns} rows={rows} title="Preview of the result" height={height} />
        ) : null}
      </div>
    </div>
  );
}

/** What a legend takes of the room for a chart. */
const LEGEND = 28;

/** As high as the pane leaves room for: one looks at the whole chart while choosing. */
function useHeight() {
  const [preview, setPreview] = useState<HTMLDivElement | null>(null);
  const [height, setHeight] = useState(300);
  useEffect(() => {
    if (!preview) return;
    const watch = new ResizeObserver(([entry]) => {
      if (entry) setHeight(Math.max(160, Math.min(420, Math.floor(entry.contentRect.height) - LEGEND)));
    });
    watch.observe(preview);
    return () => watch.disconnect();
  }, [preview]);
  return { setPreview, height };
}

function useChartRows(pages: ResultPages | null): Row[] | null {
  const [rows, setRows] = useState<{ of: ResultPages; rows: Row[] } | null>(null);
  useEffect(() => {
    if (!pages) return;
    const controller = new AbortController();
    pages.read(0, Math.min(CHART_ROWS, Math.max(1, pages.rows)), controller.signal).then(
      (page) =>
        setRows({
          of: pages,
          rows: Array.from({ length: page.rows }, (_, row) =>
            page.columns.map((column) => chartValue(column.at(row), column.type)),
          ),
        }),
      () => undefined,
    );
    return () => controller.abort();
  }, [pages]);
  return rows && rows.of === pages ? rows.rows : null;
}

function Field({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <label className="wb-field">
      <span>{label}</span>
      {children}
    </label>
  );
}

function EncodingField({
  encoding,
  columns,
  value,
  onChange,
}: {
  encoding: Encoding;
  columns: { name: string; type: string }[];
  value: unknown;
  onChange: (value: string | string[]) => void;
}) {
  if (encoding.many) {
    const chosen = Array.isArray(value) ? (value as string[]) : typeof value === "string" ? [value] : [];
    return (
      <fieldset className="wb-field">
        <legend>{encoding.label}</legend>
        {columns.map((column) => (
          <label key={column.name} className="wb-check">
            <input
              type="checkbox"
              checked={chosen.includes(column.name)}
              onChange={(event) =>
                onChange(
                  event.target.checked ? [...chosen, column.name] : chosen.filter((name) => name !== column.name),
                )
              }
            />
            {column.name}
          </label>
        ))}
      </fieldset>
    );
  }
  return (
    <Field label={encoding.label}>
      <select value={typeof value === "string" ? value : ""} onChange={(event) => onChange(event.target.value)}>
        {encoding.optional ? <option value="">None</option> : null}
        {columns.map((column) => (
          <option key={column.name} value={column.name}>
            {column.name}
          </option>
        ))}
      </select>
    </Field>
  );
}
