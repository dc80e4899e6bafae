import { useId, useMemo, useState, type CSSProperties, type MouseEvent } from "react";
import { checked } from "./checked";
import type { View } from "./drawing";
import type { Asked, Engine, Request } from "./engine";
import { Hover } from "./Hover";
import { useKept } from "./kept";
import type { ChartSpec, Column, Row } from "./spec";
import { useEngine } from "./use-engine";
import "./viz.css";

export interface ChartProps {
  /** What is stored; anything that is no chart is told instead of drawn. */
  spec: ChartSpec | unknown;
  columns: readonly Column[];
  rows: readonly Row[];
  /** Names the picture for those who do not see it. */
  title?: string;
  /** Beside the title in the tooltip. */
  unit?: string;
  /** Px; without it the chart fills its container. */
  height?: number;
  /** Px the chart is expected to get, for the number of ticks; its real size is the container's. */
  expect?: { width: number; height: number };
  /** Stable id for references inside the drawing. */
  id?: string;
  /** A click or Enter on a mark: the row behind it. */
  onPick?: (row: Row, index: number) => void;
  /** What a click does, said in the tooltip. */
  pickHint?: string;
  /** Where a mark leads without a script. `hrefKey` names what the function closes over. */
  href?: (row: Row) => string | undefined;
  hrefKey?: string;
  /** Shows the data as a table instead of the drawing. */
  asTable?: boolean;
  /** The legend above the chart; a tile puts it into its own head with `ChartLegend`. */
  legend?: "above" | "none";
}

const picture = (engine: Engine, asked: Asked & { title: string }) => engine.picture(asked);
const legendOf = (engine: Engine, asked: Asked) => engine.legend(asked);

const PLAIN: ChartSpec = { type: "table", limit: 200 };

/** A chart: the drawing as one string that the server makes and the browser keeps, with hover and keys around it. */
export function Chart(props: ChartProps) {
  const { columns, rows, title, asTable, height, legend = "above" } = props;
  const check = checked(asTable ? PLAIN : props.spec, columns);
  if (!check.spec)
    return (
      <p className="lv-problem" role="alert">
        {check.problem}
      </p>
    );
  const spec = check.spec;
  const style: CSSProperties | undefined = height === undefined ? undefined : { height };
  return (
    <figure className={`lv lv--${spec.type}`} data-chart={spec.type} data-drawn="" style={style}>
      {legend === "above" && !asTable && <ChartLegend {...props} />}
      <Picture {...props} columns={columns} rows={rows} spec={spec} title={title ?? ""} />
    </figure>
  );
}

function Picture(props: Omit<ChartProps, "spec" | "title"> & { spec: ChartSpec; title: string }) {
  const { spec, rows, title, onPick } = props;
  const [view, setView] = useState<View>({});
  const request = useRequest(props, view);
  const key = useMemo(() => ({ spec, request, title }), [spec, request, title]);
  const engine = useEngine(false);
  const html = useKept(key, picture);
  const onClick = (event: MouseEvent) => {
    if (!(event.target instanceof Element) || event.metaKey || event.ctrlKey) return;
    const link = event.target.closest("[data-row]");
    const index = Number(link?.getAttribute("data-row"));
    const row = link ? rows[index] : undefined;
    if (row && onPick) {
      event.preventDefault();
      onPick(row, index);
    }
    const sort = event.target.closest("[data-sort]")?.getAttribute("data-sort");
    if (sort) {
      const now = view.sort ?? (spec.type === "table" ? spec.sort : undefined);
      setView({ ...view, sort: { column: sort, descending: now?.column === sort ? !now.descending : true } });
    }
    if (event.target.closest("[data-all]")) setView({ ...view, all: true });
  };
  const drawing = useMemo(
    () => <div className="lv-body" suppressHydrationWarning dangerouslySetInnerHTML={{ __html: html }} />,
    [html],
  );
  if (spec.type === "table" || spec.type === "ranked" || spec.type === "number")
    return (
      // Links and buttons inside the markup carry the keys; this only listens.
      // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions
      <div className="lv-stage" onClick={onClick}>
        {drawing}
      </div>
    );
  return (
    <Hover
      label={title || "Chart"}
      interact={() => engine?.interact(key)}
      changed={key}
      {...(props.pickHint ? { hint: props.pickHint } : {})}
      {...(onPick ? { onPick: (index: number) => rows[index] && onPick(rows[index], index) } : {})}
    >
      {drawing}
    </Hover>
  );
}

/** The legend alone, for a tile's head. */
export function ChartLegend(
  props: Pick<ChartProps, "spec" | "columns" | "rows" | "id" | "expect" | "unit" | "href" | "hrefKey">,
) {
  const check = checked(props.spec, props.columns);
  return check.spec ? <Legend {...props} spec={check.spec} /> : null;
}
function Legend(
  props: Pick<ChartProps, "columns" | "rows" | "id" | "expect" | "unit" | "href" | "hrefKey"> & { spec: ChartSpec },
) {
  const { spec } = props;
  const request = useRequest(props, NO_VIEW);
  const key = useMemo(() => ({ spec, request }), [spec, request]);
  const html = useKept(key, legendOf);
  return (
    <div className="lv-lg" aria-hidden="true" suppressHydrationWarning dangerouslySetInnerHTML={{ __html: html }} />
  );
}
const NO_VIEW: View = {};

function useRequest(
  props: Pick<ChartProps, "columns" | "rows" | "id" | "expect" | "unit" | "href" | "hrefKey"> & { spec: ChartSpec },
  view: View,
): Request {
  const own = useId();
  const id = props.id ?? own.replace(/[^\w-]/g, "");
  const { columns, rows, unit, href, hrefKey } = props;
  const { width, height } = props.expect ?? { width: 640, height: 280 };
  // `href` may be a new function on every render; `hrefKey` says when it means something new.
  return useMemo(
    () => ({
      columns,
      rows,
      options: {
        id,
        width,
        height,
        view,
        ...(unit ? { unit } : {}),
        ...(href ? { href: (i: number) => (rows[i] ? href(rows[i]) : undefined) } : {}),
      },
      ...(hrefKey === undefined ? {} : { hrefKey }),
    }),
    // oxlint-disable-next-line react-hooks/exhaustive-deps
    [columns, rows, id, width, height, unit, view, hrefKey],
  );
}
