import { CircleAlert, CircleCheck, CircleSlash, Loader } from "lucide-react";
import { useEffect, useState } from "react";
import type { Run } from "./use-executions";
import { bytes, engineName, place, plural, seconds, usd } from "./format";
import type { EstimateState } from "./use-estimate";

/** Under every result: state, rows, time, bytes against what was predicted, price, engine and why, cached or not. */
export function StatusLine({ run, estimate }: { run: Run | undefined; estimate: EstimateState }) {
  return (
    <div className="wb-stt" role="status">
      {run === undefined ? (
        <NotRun estimate={estimate} />
      ) : run.phase === "running" ? (
        <Running run={run} />
      ) : (
        <Ended run={run} />
      )}
    </div>
  );
}

function NotRun({ estimate: { report } }: { estimate: EstimateState }) {
  return (
    <>
      <span>Not run</span>
      {report ? (
        <>
          {report.bytes !== undefined && (
            <span>
              <b>{bytes(report.bytes)}</b> predicted
            </span>
          )}
          {report.usd !== undefined && (
            <span>
              <b>{usd(report.usd)}</b>
            </span>
          )}
          <Why engine={report.engine} reason={report.route_reason} />
        </>
      ) : null}
    </>
  );
}

function Why({ engine, reason }: { engine: Parameters<typeof engineName>[0]; reason: string | null }) {
  return (
    <span className="why" title={reason ?? undefined}>
      <b>{engineName(engine)}</b>
      {reason ? `, ${reason}` : ""}
    </span>
  );
}

function Running({ run }: { run: Run }) {
  const elapsed = useElapsed(run.startedAt);
  const { progress, status } = run;
  return (
    <>
      <span className="run">
        <Loader size={14} />{" "}
        {status?.waiting ? place(status.waiting) : status?.state === "QUEUED" ? "Waiting" : "Running"}
        {run.step ? `, statement ${run.step.index + 1} of ${run.step.count}` : ""}
      </span>
      <span>
        <b>{(elapsed / 1000).toFixed(1)} s</b>
      </span>
      {progress ? (
        <span>
          <b>{bytes(progress.scanned_bytes)}</b> scanned{status?.estimate ? ` of ${bytes(status.estimate.bytes)}` : ""}
        </span>
      ) : null}
      {progress && progress.rows > 0 ? <span>{plural(progress.rows, "row", "rows")}</span> : null}
      {status ? <Why engine={status.engine} reason={status.route_reason} /> : null}
    </>
  );
}

function Ended({ run }: { run: Run }) {
  const { status } = run;
  const stats = status?.statistics;
  return (
    <>
      <State run={run} />
      {stats?.rows !== null && stats !== undefined && status?.state === "SUCCEEDED" ? (
        <span>
          <b>{plural(stats.rows, "row", "rows").split(" ")[0]}</b> {stats.rows === 1 ? "row" : "rows"}
        </span>
      ) : null}
      {stats?.total_ms !== null && stats !== undefined ? (
        <span>
          <b>{seconds(stats.total_ms)}</b>
        </span>
      ) : null}
      {stats?.scanned_bytes !== null && stats !== undefined ? (
        <span>
          <b>{bytes(stats.scanned_bytes)}</b> scanned
          {status?.estimate ? `, ${bytes(status.estimate.bytes)} predicted` : ""}
        </span>
      ) : null}
      {stats?.usd ? (
        <span>
          <b>{usd(stats.usd)}</b>
        </span>
      ) : null}
      {status ? <Why engine={status.engine} reason={status.route_reason} /> : null}
      {status?.state === "SUCCEEDED" ? <span>{stats?.reused ? "Cached until the data changes" : "Fresh"}</span> : null}
    </>
  );
}

function State({ run }: { run: Run }) {
  if (run.status?.state === "SUCCEEDED" && run.error === null)
    return (
      <span className="ok">
        <CircleCheck size={14} /> Done
      </span>
    );
  if (run.status?.state === "CANCELLED")
    return (
      <span>
        <CircleSlash size={14} /> Stopped
      </span>
    );
  return (
    <span className="bad">
      <CircleAlert size={14} /> Failed
    </span>
  );
}

/** Milliseconds since `startedAt`, ten times a second. */
export function useElapsed(startedAt: number): number {
  const [now, setNow] = useState(startedAt);
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, now - startedAt);
}
