import { useCallback, useEffect, useRef, useState } from "react";
import type { ApiError } from "@/api/error";
import type { ExecutionRequest, ExecutionState } from "@/api/types";
import * as api from "./api";
import type { Execution } from "./api";
import { ResultPages } from "./result/pages";

export interface Progress {
  scanned_bytes: number;
  rows: number;
  fraction: number;
}

/** The latest run of one tab. */
export interface Run {
  phase: "running" | "done";
  /** The statement as sent, and where it begins in the editor's text. */
  statement: { sql: string; from: number; request: ExecutionRequest };
  status: Execution | null;
  progress: Progress | null;
  error: ApiError | null;
  pages: ResultPages | null;
  startedAt: number;
  /** Place among several statements, when all are run. */
  step: { index: number; count: number } | null;
}

export interface Statement {
  from: number;
  request: ExecutionRequest;
}

interface Handle {
  controller: AbortController;
  id: string | null;
  /** Asked to stop before the server had said which execution this is. */
  stopping: boolean;
  /** It waits for an administrator, who may take longer than this page is open. */
  waiting: boolean;
  pages: ResultPages | null;
}

const FINAL = new Set<ExecutionState>(["SUCCEEDED", "FAILED", "CANCELLED"]);

const read = <T>(event: Event) => JSON.parse((event as MessageEvent<string>).data) as T;

/** Follows an execution to its end: by its events, and by asking where those do not get through. */
async function follow(
  id: string,
  signal: AbortSignal,
  on: (change: Partial<Pick<Run, "progress" | "status">>) => void,
): Promise<Execution> {
  signal.throwIfAborted();
  const told = await new Promise<Execution | null>((resolve) => {
    const source = new EventSource(api.eventsUrl(id));
    const end = (status: Execution | null) => {
      source.close();
      resolve(status);
    };
    signal.addEventListener("abort", () => end(null), { once: true });
    source.addEventListener("progress", (event) => on({ progress: read<Progress>(event) }));
    source.addEventListener("state", (event) => on({ status: read<Execution>(event) }));
    source.addEventListener("done", (event) => end(read<Execution>(event)));
    source.addEventListener("error", () => end(null));
  });
  if (told !== null && FINAL.has(told.state)) return told;
  for (;;) {
    signal.throwIfAborted();
    const status = await api.execution(id, 20, signal);
    if (FINAL.has(status.state)) return status;
    on({ status });
  }
}

/** Runs of all open tabs. A new run of a tab lets go of its old result; leaving the page stops what still runs. */
export function useExecutions() {
  const [runs, setRuns] = useState<Record<string, Run>>({});
  const handles = useRef(new Map<string, Handle>());

  const letGo = useCallback((key: string) => {
    const handle = handles.current.get(key);
    if (!handle) return;
    handles.current.delete(key);
    handle.controller.abort();
    handle.pages?.dispose();
    if (handle.id !== null && !handle.waiting) void api.cancel(handle.id).catch(() => undefined);
  }, []);

  const start = useCallback(
    async (key: string, statements: Statement[]): Promise<void> => {
      letGo(key);
      const mine: Handle = {
        controller: new AbortController(),
        id: null,
        stopping: false,
        waiting: false,
        pages: null,
      };
      handles.current.set(key, mine);
      const { signal } = mine.controller;
      const change = (part: Partial<Run>) => {
        if (part.status) mine.waiting = part.status.approval?.state === "waiting";
        if (handles.current.get(key) === mine)
          setRuns((old) => (old[key] ? { ...old, [key]: { ...old[key], ...part } } : old));
      };
      for (const [index, { from, request }] of statements.entries()) {
        const fresh: Run = {
          phase: "running",
          statement: { sql: request.sql, from, request },
          status: null,
          progress: null,
          error: null,
          pages: null,
          startedAt: performance.now(),
          step: statements.length > 1 ? { index, count: statements.length } : null,
        };
        setRuns((old) => ({ ...old, [key]: fresh }));
        try {
          const submitted = await api.submit(request);
          mine.id = submitted.id;
          if (signal.aborted) return void api.cancel(submitted.id).catch(() => undefined);
          change({ status: submitted });
          if (mine.stopping) await api.cancel(submitted.id);
          const status = FINAL.has(submitted.state) ? submitted : await follow(submitted.id, signal, change);
          mine.id = null;
          if (status.state !== "SUCCEEDED") {
            change({
              phase: "done",
              status,
              error: status.error && status.state === "FAILED" ? api.executionError(status.error) : null,
            });
            return;
          }
          mine.pages?.dispose();
          const pages = new ResultPages(
            (offset, limit, pageSignal) => api.resultPage(status.id, offset, limit, pageSignal),
            status.statistics.rows ?? 0,
          );
          mine.pages = pages;
          // The first page also brings the columns; that of an empty result has no rows.
          pages.put(0, await api.resultPage(status.id, 0, pages.pageRows, signal));
          // A stop that did not get through in time is over with the run.
          change({ phase: "done", status, pages, error: null });
        } catch (error) {
          if (!signal.aborted) change({ phase: "done", error: api.asApiError(error) });
          return;
        }
      }
    },
    [letGo],
  );

  /** Asks the engine to stop; the run ends when it has. */
  const stop = useCallback(async (key: string) => {
    const handle = handles.current.get(key);
    if (!handle) return;
    handle.stopping = true;
    const { id } = handle;
    if (id === null) return;
    try {
      await api.cancel(id);
    } catch (error) {
      // Once the run has ended, or another has begun, it does not matter any more.
      if (handles.current.get(key) !== handle || handle.id !== id) return;
      setRuns((old) => (old[key] ? { ...old, [key]: { ...old[key], error: api.asApiError(error) } } : old));
    }
  }, []);

  /** A closed tab takes its run and its result with it. */
  const forget = useCallback(
    (key: string) => {
      letGo(key);
      setRuns((old) => Object.fromEntries(Object.entries(old).filter(([each]) => each !== key)));
    },
    [letGo],
  );

  useEffect(() => {
    const open = handles.current;
    return () => [...open.keys()].forEach(letGo);
  }, [letGo]);

  return { runs, start, stop, forget };
}
