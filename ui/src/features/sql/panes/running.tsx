import { Hourglass, Square } from "lucide-react";
import { bytes, place } from "../format";
import { useElapsed } from "../status-line";
import type { Run } from "../use-executions";

/** Still shapes of rows, how far the run is, and the way to stop it. */
export function RunningPane({ run, onStop }: { run: Run; onStop: () => void }) {
  const elapsed = useElapsed(run.startedAt);
  const { progress, status } = run;
  if (status?.approval?.state === "waiting") return <WaitingPane reason={status.approval.reason} onStop={onStop} />;
  return (
    <div className="wb-running" aria-busy="true">
      <div className="wb-skel" aria-hidden="true">
        {Array.from({ length: 8 }, (_, row) => (
          <span key={row}>
            {Array.from({ length: 5 }, (_, column) => (
              <s key={column} />
            ))}
          </span>
        ))}
      </div>
      <div className="wb-runline">
        <span>
          {status?.waiting
            ? place(status.waiting)
            : progress
              ? `Read ${bytes(progress.scanned_bytes)}${status?.estimate ? ` of ${bytes(status.estimate.bytes)}` : ""}`
              : status?.estimate
                ? `Reading ${bytes(status.estimate.bytes)}`
                : "Planning"}
        </span>
        <progress aria-label="Progress" max={1} value={progress?.fraction ?? 0} />
        <span>{(elapsed / 1000).toFixed(1)} s</span>
        <button type="button" className="wb-ctl sm" onClick={onStop}>
          <Square size={12} />
          Stop
        </button>
      </div>
    </div>
  );
}

/** A run above a budget: why it waits, for whom, and the way to give it up. */
function WaitingPane({ reason, onStop }: { reason: string; onStop: () => void }) {
  return (
    <div className="wb-msg" role="status">
      <h2>
        <Hourglass size={16} />
        Waiting for an administrator
      </h2>
      <p>{reason}</p>
      <p>
        It begins once an administrator agrees on the page “Costs”. You may leave this page; the run goes on waiting.
      </p>
      <div className="acts">
        <button type="button" className="wb-ctl" onClick={onStop}>
          <Square size={12} />
          Give up
        </button>
      </div>
    </div>
  );
}
