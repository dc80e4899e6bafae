import { useInfiniteQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, CircleSlash, Loader, Search } from "lucide-react";
import { useDeferredValue, useState } from "react";
import type { ExecutionState } from "@/api/types";
import * as api from "../api";
import type { PastExecution } from "../api";
import { bytes, count, seconds, usd } from "../format";

interface Props {
  /** Changes with every finished run, so that the list is read again. */
  after: string;
  onRestore: (sql: string) => void;
}

const STATES: Record<ExecutionState, { label: string; icon: typeof Loader }> = {
  QUEUED: { label: "Waiting", icon: Loader },
  RUNNING: { label: "Running", icon: Loader },
  SUCCEEDED: { label: "Done", icon: CircleCheck },
  FAILED: { label: "Failed", icon: CircleAlert },
  CANCELLED: { label: "Stopped", icon: CircleSlash },
};

/** What this person has run, newest first. */
export function HistoryPane({ after, onRestore }: Props) {
  const [search, setSearch] = useState("");
  const q = useDeferredValue(search.trim());
  const runs = useInfiniteQuery({
    queryKey: ["executions", "mine", { q, after }],
    queryFn: ({ pageParam, signal }) => api.history(q, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 0,
  });
  const items = runs.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="wb-history">
      <label className="wb-find">
        <Search size={14} />
        <input
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          placeholder="Find in what you ran"
          aria-label="Find in what you ran"
        />
      </label>
      {runs.isError ? <p className="wb-note">The history could not be read. {runs.error.message}</p> : null}
      {runs.isSuccess && items.length === 0 ? (
        <p className="wb-note">{q === "" ? "Nothing has run yet." : `No statement holds “${q}”.`}</p>
      ) : null}
      <ul>
        {items.map((run) => (
          <HistoryRow key={run.id} run={run} onRestore={onRestore} />
        ))}
      </ul>
      {runs.hasNextPage ? (
        <button
          type="button"
          className="wb-ctl sm"
          disabled={runs.isFetchingNextPage}
          onClick={() => void runs.fetchNextPage()}
        >
          Show older
        </button>
      ) : null}
    </div>
  );
}

function HistoryRow({ run, onRestore }: { run: PastExecution; onRestore: (sql: string) => void }) {
  const { label, icon: Icon } = STATES[run.state];
  const { rows = null, total_ms = null, scanned_bytes = null, usd: price = null } = run.statistics ?? {};
  return (
    <li>
      <button type="button" onClick={() => onRestore(run.sql)} title="Open this text in a tab">
        <span className={`state ${run.state.toLowerCase()}`}>
          <Icon size={14} />
          {label}
        </span>
        <time dateTime={run.created_at}>{run.created_at.slice(0, 16).replace("T", " ")}</time>
        <code>{run.sql.replace(/\s+/g, " ").slice(0, 300)}</code>
        <span className="n">{rows === null ? "" : `${count(rows)} ${rows === 1 ? "row" : "rows"}`}</span>
        <span className="n">{total_ms === null ? "" : seconds(total_ms)}</span>
        <span className="n" title={run.estimate ? `${bytes(run.estimate.bytes)} predicted` : undefined}>
          {scanned_bytes === null ? "" : bytes(scanned_bytes)}
          {scanned_bytes !== null && run.estimate && !run.statistics?.reused ? ` / ${bytes(run.estimate.bytes)}` : ""}
        </span>
        <span className="n">{price === null ? "" : usd(price)}</span>
      </button>
    </li>
  );
}
