import { Link } from "@tanstack/react-router";
import { ListEnd } from "lucide-react";
import { Component, type ReactNode } from "react";
import type { Position } from "@/api/types";
import { Button, buttonClass } from "@/ui/button";
import { EmptyState, ErrorState, NotAllowedState, Strip } from "@/ui/message";
import { Chart, ChartLegend } from "@/viz";
import { fillIn, tileSql, type DashboardDefinition, type DashboardQueryData, type Tile } from "./definition";
import { tileChart, tileClick } from "./tile-chart";
import { SearchLink } from "./search-link";
import type { DashboardSearch } from "./use-dashboard-search";

export interface TileContext {
  definition: DashboardDefinition;
  search: DashboardSearch;
  onRetry: () => void;
  /** The reader is not signed in: nothing leads to what a public dashboard does not say. */
  stranger?: boolean;
}

type BodyProps = TileContext & { tile: Tile; data: DashboardQueryData | undefined; asTable: boolean };

/** What a tile shows: its chart, or why there is none. Whatever fails, fails inside this tile. */
export function TileBody(props: BodyProps) {
  const { tile, data } = props;
  return (
    <TileGuard key={drawnFrom(tile, data)} title={tile.title}>
      <Body {...props} />
    </TileGuard>
  );
}

/** The legend of a tile's chart, for its head. */
export function TileLegend(props: Omit<BodyProps, "asTable"> & { data: DashboardQueryData }) {
  const { tile, data } = props;
  return (
    <TileGuard key={drawnFrom(tile, data)}>
      <ChartLegend {...tileChart(tile, data, props)} />
    </TileGuard>
  );
}

/** Changes with what a drawing is made of, so that one that broke is tried again. */
const drawnFrom = (tile: Tile, data: DashboardQueryData | undefined): string =>
  `${data?.execution_id ?? data?.as_of ?? "none"} ${written(tile.chart)}`;

const texts = new WeakMap<object, string>();
function written(chart: object): string {
  const known = texts.get(chart) ?? JSON.stringify(chart);
  texts.set(chart, known);
  return known;
}

function Body(props: BodyProps) {
  const { tile, data, definition, search, onRetry, asTable, stranger } = props;
  if (!data) return <TileSkeleton tile={tile} />;
  if (data.error || data.state === "FAILED") return <TileError {...props} data={data} />;
  if (data.state === "CANCELLED")
    return (
      <EmptyState title="This query was stopped" actions={<Button onClick={onRetry}>Run it again</Button>}>
        Nothing was read to the end.
      </EmptyState>
    );
  if (data.state !== "SUCCEEDED") return <TileSkeleton tile={tile} />;
  if (data.rows.length === 0) return <TileEmpty search={search} />;
  // A figure of some of the rows would be a wrong one.
  if (data.truncated && tile.chart.type === "number")
    return (
      <EmptyState title="Too many rows for one figure">
        A tile gets the first {fillIn("{rows}", data)} rows only. Let its query compute the figure.
      </EmptyState>
    );
  return (
    <>
      {data.truncated && (
        <Strip
          icon={ListEnd}
          className="mb-2"
          action={!stranger && <Link {...toWorkbench(definition, tile)}>Open all in SQL</Link>}
        >
          The first {fillIn("{rows}", data)} rows, a limit of this tile
        </Strip>
      )}
      <Chart
        {...tileChart(tile, data, props)}
        {...tileClick(tile, data, props)}
        title={tile.title}
        legend="none"
        asTable={asTable}
      />
    </>
  );
}

export const toWorkbench = (definition: DashboardDefinition, tile: Tile) =>
  ({
    to: "/sql",
    search: { sql: tileSql(definition, tile), catalog: definition.catalog, database: definition.database } as never,
  }) as const;

function TileError({
  tile,
  data,
  definition,
  onRetry,
  stranger,
}: TileContext & { tile: Tile; data: DashboardQueryData }) {
  const error = data.error;
  if (stranger)
    return (
      <ErrorState title="This tile could not be loaded" actions={<Button onClick={onRetry}>Try again</Button>}>
        The rest of this dashboard is not affected.
      </ErrorState>
    );
  const open = (
    <Link {...toWorkbench(definition, tile)} className={buttonClass()}>
      Open the query
    </Link>
  );
  if (error?.status === 403)
    return (
      <NotAllowedState title={error.title}>
        {error.detail} {error.hint ?? "The rest of this dashboard is not affected."}
      </NotAllowedState>
    );
  const retry =
    !error || error.status >= 500 || error.status === 429 || error.code === "TIMEOUT" || error.code === "DATA_CHANGED";
  return (
    <ErrorState
      title={error?.title ?? "This query failed"}
      actions={retry ? <Button onClick={onRetry}>Try again</Button> : open}
    >
      <p>
        {error?.detail ?? "The server gave no reason."} {error?.hint}
      </p>
      {error?.position && <ErrorLine sql={tileSql(definition, tile)} position={error.position} />}
    </ErrorState>
  );
}

/** The line an error names, with its place underlined. */
export function ErrorLine({ sql, position }: { sql: string; position: Position }) {
  const line = sql.split("\n")[position.line - 1];
  if (line === undefined) return null;
  const at = Math.max(0, Math.min(line.length, position.column - 1));
  const word = /^[\w.]+|^./.exec(line.slice(at))?.[0] ?? "";
  return (
    // A long line is scrolled by keys too.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className="ld-errline" tabIndex={0} aria-label={`Line ${position.line}`} role="group">
      <span>{position.line}</span>
      {line.slice(0, at)}
      <u>{word}</u>
      {line.slice(at + word.length)}
    </pre>
  );
}

function TileEmpty({ search }: { search: DashboardSearch }) {
  const narrowed = Object.keys(search.values).length > 0;
  return (
    <EmptyState
      title={narrowed ? "Nothing for these filters" : "No rows yet"}
      actions={
        narrowed && (
          <SearchLink search={search} to={search.cleared()} className={buttonClass()}>
            Clear filters
          </SearchLink>
        )
      }
    >
      {narrowed
        ? "The query ran and found no rows that pass all filters at once."
        : "The query ran and its tables hold no rows."}
    </EmptyState>
  );
}

/** Still shapes in the place of the axes; the tile already has its size. */
export function TileSkeleton({ tile }: { tile: Tile }) {
  const type = tile.chart.type;
  if (type === "number")
    return (
      <div className="ld-skel ld-skel--number" role="status" aria-label={`${tile.title} is loading`}>
        <i />
        <i />
      </div>
    );
  if (type === "table" || type === "ranked")
    return (
      <div className="ld-skel ld-skel--rows" role="status" aria-label={`${tile.title} is loading`}>
        {Array.from({ length: 8 }, (_, i) => (
          <i key={i} />
        ))}
      </div>
    );
  return (
    <div className="ld-skel" role="status" aria-label={`${tile.title} is loading`}>
      <svg width="100%" height="100%" preserveAspectRatio="none" viewBox="0 0 400 200" aria-hidden="true">
        <path
          d={`${[20, 60, 100, 140].map((y) => `M0 ${y}h22v8h-22z`).join("")}${Array.from({ length: 13 }, (_, i) => `M${38 + i * 28} ${172}h16v${-(60 + ((i * 37) % 70))}h-16z`).join("")}`}
        />
      </svg>
    </div>
  );
}

/** Keeps a drawing that breaks from taking the page with it; without a title it leaves nothing in its place. */
class TileGuard extends Component<{ title?: string; children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };
  static getDerivedStateFromError() {
    return { broken: true };
  }
  override render() {
    if (!this.state.broken) return this.props.children;
    if (this.props.title === undefined) return null;
    return (
      <ErrorState
        title={`${this.props.title} could not be drawn`}
        actions={<Button onClick={() => this.setState({ broken: false })}>Draw it again</Button>}
      >
        The data came, but its chart settings do not fit it. The rest of this dashboard is not affected.
      </ErrorState>
    );
  }
}
