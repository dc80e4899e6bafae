import { Link } from "@tanstack/react-router";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { searchOf, type Search } from "@/api/filters";
import type { Dashboard, ExecutionRequest, SavedQuery } from "@/api/types";
import { useDocumentHead } from "@/ui/document-head";
import type { ChartSpec } from "@/viz";
import { useMayEdit } from "@/ui/use-role";
import * as api from "./api";
import { CatalogTree } from "./catalog/catalog-tree";
import { useColumnTypes, usePlace, useSchema } from "./catalog/use-catalog";
import { DashboardDialog } from "./dialogs/dashboard-dialog";
import { SaveDialog } from "./dialogs/save-dialog";
import { isDirty, type Draft } from "./drafts";
import type { EditorHandle } from "./editor/sql-editor";
import { EditorTabs } from "./editor-tabs";
import { EstimateChip } from "./estimate-chip";
import { OpenMenu } from "./open-menu";
import { ChartPane } from "./panes/chart-pane";
import { HistoryPane } from "./panes/history-pane";
import { errorRange } from "./panes/problem";
import { ResultsPane } from "./panes/results-pane";
import { PaneTabs, type Pane } from "./panes/pane-tabs";
import { ParameterBar } from "./parameter-bar";
import { Splitter } from "./splitter";
import { StatusLine } from "./status-line";
import { formatSql } from "./text/format-sql";
import { scanParameters } from "./text/parameters";
import { NO_CLIPBOARD, toClipboard } from "./result/clipboard";
import { splitStatements, statementToRun } from "./text/statements";
import { tablesIn } from "./text/tables";
import { Toolbar } from "./toolbar";
import { definitionOf, draftOf, parameterValues, typeOf } from "./saved-query";
import { useAddress } from "./use-address";
import { useDrafts } from "./use-drafts";
import { useEstimate } from "./use-estimate";
import { useExecutions } from "./use-executions";
import "./sql.css";

const SqlEditor = lazy(() => import("./editor/sql-editor"));

type Dialog = { kind: "query" } | { kind: "chart"; spec: ChartSpec } | { kind: "dashboard"; spec: ChartSpec };

interface Notice {
  text: string;
  undo?: () => void;
  dashboard?: Dashboard;
  /** What its filters are set to when it is opened. */
  search?: Search;
}

const SPLIT = "lakefront.sql.split";

export default function Workbench() {
  const client = useQueryClient();
  const [drafts, dispatch] = useDrafts();
  const draft = (drafts.tabs.find((tab) => tab.key === drafts.active) ?? drafts.tabs[0]) as Draft;
  const place = usePlace(draft);
  const schema = useSchema(place);
  const { runs, start, stop, forget } = useExecutions();
  const run = runs[draft.key];
  const running = run?.phase === "running";
  const editor = useRef<EditorHandle>(null);
  const [selection, setSelection] = useState({ from: 0, to: 0 });
  const [pane, setPane] = useState<Pane>("results");
  const [charts, setCharts] = useState<Record<string, ChartSpec>>({});
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const [notice, setNotice] = useState<Notice | null>(null);
  const [split, setSplit] = useState(() => Number(localStorage.getItem(SPLIT)) || 0.5);

  useDocumentHead(draft.title);

  useAddress(draft.saved?.id, {
    onDraft: (opened) => dispatch({ do: "open", draft: opened }),
    onProblem: (text) => setNotice({ text }),
  });

  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => setNotice(null), 12_000);
    return () => clearTimeout(timer);
  }, [notice]);

  const edit = (change: Partial<Draft>) => dispatch({ do: "edit", key: draft.key, change });

  const uses = useMemo(() => tablesIn(draft.sql), [draft.sql]);
  const columnTypes = useColumnTypes(place, uses);
  const parameters = useMemo(() => scanParameters(draft.sql, columnTypes), [draft.sql, columnTypes]);
  const request = (sql: string): ExecutionRequest => ({
    sql,
    ...(place.catalog === null ? {} : { catalog: place.catalog }),
    ...(place.database === null ? {} : { database: place.database }),
    engine: draft.engine,
    ...(draft.saved === null ? {} : { query_id: draft.saved.id }),
    parameters: parameterValues(parameters, draft),
  });

  const statement = statementToRun(draft.sql, clampTo(selection, draft.sql.length));
  const estimate = useEstimate(statement === null || place.catalog === null ? null : request(statement.text));

  // What it ran on stays its place, whatever catalogs come later.
  const keepPlace = () => edit({ catalog: place.catalog, database: place.database });
  const runNow = () => {
    const chosen = statementToRun(draft.sql, clampTo(editor.current?.selection() ?? selection, draft.sql.length));
    if (chosen === null) return setNotice({ text: "There is no statement to run." });
    setPane((old) => (old === "history" ? "results" : old));
    keepPlace();
    void start(draft.key, [{ from: chosen.from, request: request(chosen.text) }]);
  };
  const runAll = () => {
    setPane("results");
    keepPlace();
    void start(
      draft.key,
      splitStatements(draft.sql).map((each) => ({ from: each.from, request: request(each.text) })),
    );
  };
  const stopRun = () => {
    if (!running) return false;
    void stop(draft.key);
    return true;
  };

  const definition = () => definitionOf(draft, place, parameters);
  const saved = async (query: SavedQuery) => {
    edit({ title: query.title, saved: { id: query.id, version: query.version, sql: draft.sql, title: query.title } });
    await client.invalidateQueries({ queryKey: ["queries"] });
  };
  const mayEdit = useMayEdit();
  const save = async () => {
    if (!mayEdit) return setNotice({ text: "Only editors save queries. Share copies a link that opens this text." });
    if (draft.saved === null) return setDialog({ kind: "query" });
    try {
      await saved(await api.updateQuery(draft.saved.id, draft.saved.version, draft.title, definition()));
      setNotice({ text: "Saved" });
    } catch (error) {
      const failure = api.asApiError(error);
      setNotice({
        text:
          failure.status === 412
            ? "Someone else has saved this query since you opened it. Copy your text, close the tab and open the query again."
            : failure.message,
      });
    }
  };
  // The keys work wherever the focus is; inside the editor it has handled them already.
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || dialog !== null) return;
    const mod = event.ctrlKey || event.metaKey;
    if (mod && event.key === "Enter") (event.shiftKey ? runAll : runNow)();
    else if (mod && event.key.toLowerCase() === "s") void save();
    else if (!(event.key === "Escape" && stopRun())) return;
    event.preventDefault();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKey(event);
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);

  const format = async () => {
    try {
      const text = await formatSql(draft.sql, schema.dialect);
      editor.current?.replace(text);
    } catch {
      setNotice({ text: "This text cannot be formatted as it stands: part of it is not finished." });
    }
  };
  const share = async () => {
    const query =
      draft.saved !== null && !isDirty(draft)
        ? `/sql/${draft.saved.id}`
        : `/sql?${new URLSearchParams({ sql: draft.sql, ...(place.catalog ? { catalog: place.catalog } : {}), ...(place.database ? { database: place.database } : {}) }).toString()}`;
    const copied = await toClipboard(`${window.location.origin}${query}`);
    setNotice({ text: copied ? "Link copied. It opens this text for anyone with an account." : NO_CLIPBOARD });
  };
  const close = (tab: Draft) => {
    forget(tab.key);
    dispatch({ do: "close", key: tab.key });
    if (isDirty(tab))
      setNotice({
        text: `Closed “${tab.title}”, which was not saved.`,
        undo: () => dispatch({ do: "open", draft: tab }),
      });
  };
  const open = (sql: string) =>
    dispatch({ do: "open", draft: { sql, catalog: place.catalog, database: place.database } });

  const problem = useMemo(() => {
    const position = run?.error?.position;
    if (!run || !position) return null;
    // Once the text has changed the place may be another one.
    if (draft.sql.slice(run.statement.from, run.statement.from + run.statement.sql.length) !== run.statement.sql)
      return null;
    const range = errorRange(run.statement.sql, position);
    return {
      from: run.statement.from + range.from,
      to: run.statement.from + range.to,
      message: run.error?.message ?? "",
    };
  }, [run, draft.sql]);

  return (
    <div className="wb">
      <CatalogTree
        catalog={place.catalog}
        catalogs={place.catalogs}
        database={place.database}
        onCatalog={(catalog) => edit({ catalog, database: null })}
        onInsert={(text) => editor.current?.insert(text)}
      />
      <section className="wb-main" aria-label="SQL workbench">
        <div className="wb-tabbar">
          <EditorTabs
            tabs={drafts.tabs}
            active={draft.key}
            onShow={(key) => dispatch({ do: "show", key })}
            onClose={(key) => {
              const tab = drafts.tabs.find((each) => each.key === key);
              if (tab) close(tab);
            }}
            onRename={(key, title) => dispatch({ do: "edit", key, change: { title } })}
            onNew={() => dispatch({ do: "open", draft: { catalog: place.catalog, database: place.database } })}
          />
          <OpenMenu onOpen={(query) => dispatch({ do: "open", draft: draftOf(query) })} />
        </div>
        <Toolbar
          running={running}
          engine={draft.engine}
          kind={place.kind}
          database={place.database}
          databases={place.databases}
          onRun={runNow}
          onStop={stopRun}
          onEngine={(engine) => edit({ engine })}
          onDatabase={(database) => edit({ database })}
          onFormat={() => void format()}
          onHistory={() => setPane("history")}
          onShare={() => void share()}
          onSave={mayEdit ? () => void save() : undefined}
        >
          <EstimateChip estimate={estimate} />
        </Toolbar>
        <ParameterBar
          parameters={parameters}
          types={draft.types}
          values={draft.values}
          onValue={(name, text) => edit({ values: { ...draft.values, [name]: text } })}
          onType={(name, type) => edit({ types: { ...draft.types, [name]: type } })}
        />
        <div className="wb-panes">
          <div className="wb-ed" style={{ flexBasis: `${split * 100}%` }}>
            <Suspense
              fallback={
                <textarea
                  className="wb-plain"
                  aria-label="SQL"
                  value={draft.sql}
                  onChange={(event) => edit({ sql: event.target.value })}
                />
              }
            >
              <SqlEditor
                ref={editor}
                documentKey={draft.key}
                text={draft.sql}
                onChange={(sql) => edit({ sql })}
                onSelection={({ from, to }) => setSelection({ from, to })}
                commands={{ run: runNow, runAll, stop: stopRun, save: () => void save(), format: () => void format() }}
                schema={schema}
                problem={problem}
              />
            </Suspense>
          </div>
          <Splitter
            value={split}
            onChange={(value) => {
              setSplit(value);
              localStorage.setItem(SPLIT, String(value));
            }}
          />
          <div className="wb-out">
            <PaneTabs pane={pane} rows={run?.pages?.rows ?? null} onPane={setPane} />
            <div className="wb-pane" role="tabpanel" id="wb-pane" aria-labelledby={`wb-pane-${pane}`}>
              {pane === "results" ? (
                <ResultsPane
                  run={run}
                  name={draft.title}
                  onStop={stopRun}
                  onReveal={(offset) => editor.current?.reveal(offset)}
                  onOpen={open}
                />
              ) : null}
              {pane === "chart" ? (
                <ChartPane
                  run={run}
                  spec={charts[draft.key] ?? null}
                  onSpec={(spec) => setCharts((old) => ({ ...old, [draft.key]: spec }))}
                  onSaveChart={(spec) => setDialog({ kind: "chart", spec })}
                  onAddToDashboard={(spec) => setDialog({ kind: "dashboard", spec })}
                />
              ) : null}
              {pane === "history" ? (
                <HistoryPane after={run?.phase === "done" ? (run.status?.id ?? "") : ""} onRestore={open} />
              ) : null}
            </div>
          </div>
        </div>
        {notice ? (
          <p className="wb-notice" role="status">
            {notice.text}
            {notice.dashboard ? (
              <Link to="/d/$slug" params={{ slug: notice.dashboard.slug }} search={notice.search as never}>
                Open {notice.dashboard.title}
              </Link>
            ) : null}
            {notice.undo ? (
              <button
                type="button"
                className="wb-ctl sm"
                onClick={() => {
                  notice.undo?.();
                  setNotice(null);
                }}
              >
                Open it again
              </button>
            ) : null}
            <button type="button" className="wb-ctl sm ghost" onClick={() => setNotice(null)}>
              Dismiss
            </button>
          </p>
        ) : null}
        <StatusLine run={run} estimate={estimate} />
      </section>
      {dialog?.kind === "query" ? (
        <SaveDialog
          heading="Save this query"
          title={draft.title}
          onSave={async (title) => saved(await api.createQuery(title, definition()))}
          onClose={() => setDialog(null)}
        />
      ) : null}
      {dialog?.kind === "chart" ? (
        <SaveDialog
          heading="Save this chart"
          title={draft.title}
          onSave={async (title) => {
            const source =
              draft.saved !== null && !isDirty(draft)
                ? { query_id: draft.saved.id }
                : { sql: run?.statement.sql ?? draft.sql };
            await api.createChart(title, {
              ...source,
              catalog: place.catalog ?? "",
              database: place.database ?? "",
              chart: { ...dialog.spec },
            });
            setNotice({ text: `Saved the chart “${title}”` });
          }}
          onClose={() => setDialog(null)}
        />
      ) : null}
      {dialog?.kind === "dashboard" ? (
        <DashboardDialog
          title={/^Untitled \d+$/.test(draft.title) ? "" : draft.title}
          sql={run?.statement.sql ?? draft.sql}
          catalog={place.catalog ?? ""}
          database={place.database ?? ""}
          chart={dialog.spec}
          parameters={scanParameters(run?.statement.sql ?? draft.sql, columnTypes).map((each) => ({
            name: each.name,
            optional: each.optional,
            inferred: typeOf(each, draft),
          }))}
          onDone={(dashboard) =>
            setNotice({
              text: "Added.",
              dashboard,
              search: searchOf(dashboard.definition, run?.statement.request.parameters ?? {}),
            })
          }
          onClose={() => setDialog(null)}
        />
      ) : null}
    </div>
  );
}

const clampTo = ({ from, to }: { from: number; to: number }, length: number) => ({
  from: Math.min(from, length),
  to: Math.min(to, length),
});
