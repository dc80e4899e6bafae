import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useEffect, useReducer, useState } from "react";
import { saveDashboard, UNTITLED } from "@/api/dashboards";
import { ApiError } from "@/api/error";
import { filtersFromSearch, tabFromSearch } from "@/api/filters";
import { wholeDefinition } from "@/api/whole";
import type { ChartDefinition, Column } from "@/api/types";
import { dashboardBySlug, me } from "@/api/queries";
import { dropDashboard } from "@/api/writes";
import { useHotkey } from "@/lib/hotkeys";
import { Button, IconButton } from "@/ui/button";
import { Strip } from "@/ui/message";
import { tabClass, tabsClass } from "@/ui/tabs";
import type { ChartType } from "@/viz";
import { fillIn, tileSql, type Dashboard, type DashboardQueryData, type Tile } from "../definition";
import { FilterBar } from "../filter-bar";
import { TileBody, TileLegend, type TileContext } from "../tile-body";
import { useDashboardData } from "../use-dashboard-data";
import { useDashboardSearch } from "../use-dashboard-search";
import { AddPanel } from "./add-panel";
import { complete, retype } from "./columns";
import {
  addTile,
  draftReducer,
  duplicateTile,
  finished,
  keep,
  kept,
  prune,
  removeTile,
  tilesOf,
  withTile,
  withTiles,
  type Content,
} from "./draft";
import { EditBar } from "./edit-bar";
import { EditGrid } from "./edit-grid";
import { FilterPanel } from "./filter-panel";
import { filtersOf } from "./filters";
import { leaveField } from "./inputs";
import { refusal } from "./refusal";
import { TilePanel } from "./tile-panel";
import { preview, useFilterData, useTileData } from "./use-tile-data";
import "./edit.css";

/** A dashboard as it is made: the same tiles as objects on a grid, and a panel for what is chosen. */
export function DashboardEditor({
  dashboard,
  onLeave,
  onGone,
}: {
  dashboard: Dashboard;
  onLeave: () => void;
  onGone: () => void;
}) {
  const [base] = useState(() => {
    const stored = kept(dashboard.id);
    return {
      version: stored?.version ?? dashboard.version,
      content: stored?.content ?? { title: dashboard.title, definition: dashboard.definition },
      restored: stored !== null,
    };
  });
  const [draft, act] = useReducer(draftReducer, {
    past: base.restored ? [{ title: dashboard.title, definition: dashboard.definition }] : [],
    now: base.content,
    future: [],
  });
  const { title, definition } = draft.now;
  const [chosen, choose] = useState<string | null>(null);
  const [chosenFilter, setChosenFilter] = useState<string | null>(null);
  const setChosen = (id: string | null): void => {
    if (id !== chosen) leaveField();
    choose(id);
  };
  const [panel, setPanel] = useState(true);
  const search = useDashboardSearch(definition);
  const tab = search.tab ?? definition.tabs[0]?.id ?? "";
  const tiles = tilesOf(definition, tab);
  // What is saved knows nothing of the draft's own tabs and filters.
  const saved = dashboard.definition;
  const savedValues = filtersFromSearch(saved, search.search);
  const data = useDashboardData(dashboard.id, savedValues, tabFromSearch(saved, search.search));
  const answered = { definition: saved, values: savedValues, data: data.data, failed: data.isError };
  const filterData = useFilterData(definition, answered, search.values);
  const rows = useTileData(tiles, definition, answered, search.values, filterData);
  const change = (make: (now: Content) => Content): void => act({ do: "change", make });
  const changes = draft.past.length;

  useEffect(
    () => keep(dashboard.id, changes > 0 ? { version: base.version, content: draft.now } : null),
    [dashboard.id, base.version, draft.now, changes],
  );

  const client = useQueryClient();
  const dataOf = async (t: Tile): Promise<DashboardQueryData> =>
    rows.get(t.id) ?? (await client.fetchQuery(preview(definition, tileSql(definition, t), search.values, filterData)));
  const save = useMutation({
    mutationFn: async (version: number) =>
      changes === 0
        ? null
        : saveDashboard(
            { id: dashboard.id, version },
            { title, definition: await finished(definition, async (t) => (await dataOf(t)).columns) },
          ),
    // What is refused, whatever is changed since.
    onMutate: () => definition,
    onSuccess: (next) => {
      if (!next) return leave();
      keep(dashboard.id, null);
      client.setQueryData(dashboardBySlug(dashboard.slug).queryKey, next);
      void client.invalidateQueries({ queryKey: ["dashboards"], exact: true });
      void client.invalidateQueries({ queryKey: ["dashboards", dashboard.id] });
      onLeave();
    },
    onError: (error, _, sent) => {
      const at = sent && refusal(error.message, sent).at;
      if (!at) return;
      if (at.tab !== tab) search.go(search.change({ tab: at.tab }));
      setChosen(at.tile);
      setPanel(true);
    },
  });
  const refused = save.error && save.context ? refusal(save.error.message, save.context) : null;
  const isMended = refused?.at && save.context !== definition;
  const mend = tiles.find((t) => t.id === refused?.at?.tile)?.id;
  useEffect(() => {
    if (mend) document.querySelector(`[data-tile="${CSS.escape(mend)}"]`)?.scrollIntoView({ block: "nearest" });
  }, [mend]);
  const conflict = save.error instanceof ApiError && save.error.status === 412;
  const leave = (): void => {
    keep(dashboard.id, null);
    onLeave();
  };
  // One that was only just made, and never saved with anything on it, is not kept.
  const { data: reader } = useQuery({ ...me(), enabled: false });
  const isUnused =
    dashboard.version === 1 &&
    dashboard.title === UNTITLED &&
    dashboard.owner.id === reader?.user.id &&
    dashboard.definition.filters.length === 0 &&
    dashboard.definition.tabs.every((t) => t.tiles.length === 0);
  const drop = useMutation({
    mutationFn: () => dropDashboard(dashboard),
    onSuccess: () => {
      keep(dashboard.id, null);
      void client.invalidateQueries({ queryKey: ["dashboards"], exact: true });
      onGone();
    },
    onError: leave,
  });
  const discard = (): void => (isUnused ? drop.mutate() : leave());
  const saveOver = async (): Promise<void> =>
    save.mutate((await client.fetchQuery({ ...dashboardBySlug(dashboard.slug), staleTime: 0 })).version);
  const takeTheirs = async (): Promise<void> => {
    await client.fetchQuery({ ...dashboardBySlug(dashboard.slug), staleTime: 0 });
    leave();
  };

  useHotkey("mod+z", () => act({ do: "undo" }));
  useHotkey("mod+shift+z", () => act({ do: "redo" }));
  useHotkey("mod+s", () => {
    leaveField();
    save.mutate(base.version);
  });

  const tile = tiles.find((t) => t.id === chosen);
  const filter = tile ? undefined : filtersOf(definition).find((f) => f.id === chosenFilter);
  const add = (made: { content: Content; id: string } | null): void => {
    if (!made) return;
    change(() => made.content);
    setChosen(made.id);
    setPanel(true);
  };
  const setSql = (t: Tile, sql: string): void =>
    change((now) =>
      t.query && t.sql === undefined
        ? { ...now, definition: { ...now.definition, queries: { ...now.definition.queries, [t.query]: { sql } } } }
        : withTile(now, tab, t.id, { sql }),
    );
  const addTab = (): void => {
    const id = `tab-${definition.tabs.length + 1}-${changes}`;
    change((now) => ({
      ...now,
      definition: {
        ...now.definition,
        tabs: [...now.definition.tabs, { id, title: `Tab ${now.definition.tabs.length + 1}`, tiles: [] }],
      },
    }));
    search.go(search.change({ tab: id }));
  };
  const here = definition.tabs.find((t) => t.id === tab);
  return (
    <div className="le" inert={save.isPending}>
      <EditBar
        id={dashboard.id}
        title={title}
        changes={changes}
        canRedo={draft.future.length > 0}
        saving={save.isPending}
        onUndo={() => act({ do: "undo" })}
        onRedo={() => act({ do: "redo" })}
        onRestore={(d) => change((now) => ({ ...now, definition: wholeDefinition(d) }))}
        onDiscard={discard}
        onSave={() => save.mutate(base.version)}
      />
      {save.error && !isMended && (
        <Strip
          className="rounded-none px-8"
          action={
            conflict ? (
              <span className="flex gap-3">
                <button onClick={() => void takeTheirs()}>Take theirs</button>
                <button onClick={() => void saveOver()}>Save mine over it</button>
              </span>
            ) : (
              <button onClick={() => save.mutate(base.version)}>Try again</button>
            )
          }
        >
          {conflict
            ? `Someone saved this dashboard after version ${base.version}. Your changes are kept here.`
            : `Not saved: ${refused?.words ?? save.error.message}`}
        </Strip>
      )}
      <div className="le-wrap">
        <div className="le-main">
          <nav className={`${tabsClass} le-tabs`} aria-label="Dashboard tabs">
            {definition.tabs.map((t) => (
              <a
                key={t.id}
                href={search.href(search.change({ tab: t.id }))}
                aria-current={t.id === tab ? "page" : undefined}
                className={tabClass(t.id === tab)}
                onClick={(event) => {
                  event.preventDefault();
                  setChosen(null);
                  search.go(search.change({ tab: t.id }));
                }}
              >
                {t.title}
              </a>
            ))}
            <Button variant="ghost" size="sm" icon={Plus} className="-mt-0.5 mb-1.5" onClick={addTab}>
              Tab
            </Button>
          </nav>
          <FilterBar definition={definition} data={filterData} search={search} />
          <EditGrid
            tiles={tiles}
            chosen={chosen}
            onChoose={(id) => {
              setChosen(id);
              if (id) setPanel(true);
            }}
            onPlace={(next) => change((now) => withTiles(now, tab, next))}
            onDuplicate={(id) => add(duplicateTile(draft.now, tab, id))}
            onRemove={(id) => {
              change((now) => removeTile(now, tab, id));
              setChosen(null);
            }}
          >
            {(t) => (
              <EditTile
                tile={t}
                data={rows.get(t.id)}
                context={{ definition, search, onRetry: () => void data.refetch() }}
              />
            )}
          </EditGrid>
          {tiles.length === 0 && <p className="le-empty">This tab is empty. Choose a chart on the right.</p>}
        </div>
        {panel ? (
          <aside className="le-panel" aria-label={tile ? "Tile" : filter ? "Filter" : "Add a tile"}>
            <IconButton
              icon={X}
              size="sm"
              label="Close"
              className="le-close"
              onClick={() => (tile ? setChosen(null) : filter ? setChosenFilter(null) : setPanel(false))}
            />
            {tile ? (
              <TilePanel
                key={tile.id}
                tile={tile}
                definition={definition}
                columns={rows.get(tile.id)?.columns ?? []}
                onChange={(c) => change((now) => prune(withTile(now, tab, tile.id, c)))}
                onSql={(sql) => setSql(tile, sql)}
                onOwnSql={() =>
                  change((now) =>
                    prune(withTile(now, tab, tile.id, { sql: tileSql(now.definition, tile), query: undefined })),
                  )
                }
              />
            ) : filter ? (
              <FilterPanel
                filter={filter}
                definition={definition}
                choices={filterData?.queries[filter.options_query ?? filter.bounds_query ?? ""]}
                onChange={change}
                onChoose={setChosenFilter}
                onRename={(before, after) =>
                  search.go(search.change({ [after]: search.values[before], [before]: undefined }))
                }
              />
            ) : (
              here && (
                <AddPanel
                  definition={definition}
                  title={title}
                  tab={here}
                  onAdd={(t) =>
                    add(
                      addTile(draft.now, tab, {
                        ...t,
                        chart: encoded(t.chart, t.query ? data.data?.queries[t.query]?.columns : undefined),
                      }),
                    )
                  }
                  onChange={change}
                  onFilter={setChosenFilter}
                  onTitle={(next) => change((now) => ({ ...now, title: next }))}
                  onTabTitle={(next) =>
                    change((now) => ({
                      ...now,
                      definition: {
                        ...now.definition,
                        tabs: now.definition.tabs.map((t) => (t.id === tab ? { ...t, title: next } : t)),
                      },
                    }))
                  }
                  onKeepWarm={(on) =>
                    change((now) => ({
                      ...now,
                      definition: { ...now.definition, keep_warm: on || undefined },
                    }))
                  }
                  onRefresh={(seconds) =>
                    change((now) => ({ ...now, definition: { ...now.definition, refresh_s: seconds } }))
                  }
                  onTabRemove={
                    definition.tabs.length > 1
                      ? () => {
                          change((now) =>
                            prune({
                              ...now,
                              definition: { ...now.definition, tabs: now.definition.tabs.filter((t) => t.id !== tab) },
                            }),
                          );
                          search.go(search.change({ tab: undefined }));
                        }
                      : undefined
                  }
                />
              )
            )}
          </aside>
        ) : (
          <Button icon={Plus} className="le-open" onClick={() => setPanel(true)}>
            Add a tile
          </Button>
        )}
      </div>
    </div>
  );
}

/** A bare type gets its encodings from the columns it will draw. */
const encoded = (chart: ChartDefinition, columns: readonly Column[] = []): ChartDefinition =>
  Object.keys(chart).length > 1 ? chart : retype({ type: "" }, chart.type as ChartType, columns);

/** A tile while it is edited: its head and its picture, with no actions of its own. */
function EditTile({ tile, data, context }: { tile: Tile; data: DashboardQueryData | undefined; context: TileContext }) {
  const there = data?.state === "SUCCEEDED" && data.rows.length > 0;
  const still: Tile = { ...tile, chart: complete(tile.chart, data?.columns ?? []), click: undefined };
  return (
    <>
      <header className="ld-th">
        <h2>{tile.title}</h2>
        {tile.unit && <span className="ld-un">{fillIn(tile.unit, data)}</span>}
        <span className="ml-auto" />
        {there && <TileLegend {...context} tile={still} data={data} />}
      </header>
      <div className="ld-tb">
        <TileBody {...context} tile={still} data={data} asTable={false} />
      </div>
    </>
  );
}
