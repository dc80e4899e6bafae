import { useQuery } from "@tanstack/react-query";
import { executions } from "@/api/queries";
import type { Execution } from "@/api/types";
import { bytes, usd } from "@/lib/format";
import { Failure } from "@/ui/failure";
import { SectionHead } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";

const MOST = 6;

/** The reader's last statements and what each of them read and cost. */
export function RecentRuns() {
  const { data, isPending, error, refetch } = useQuery(executions({ mine: true }));
  const runs = data?.items.slice(0, MOST) ?? [];
  return (
    <section>
      <SectionHead title="Your last runs" />
      {error ? (
        <Failure error={error} what="Your runs" onRetry={() => void refetch()} />
      ) : isPending ? (
        <SkeletonRows rows={4} height={40} label="Reading your runs" />
      ) : runs.length === 0 ? (
        <p className="text-ink-2">Nothing has run yet.</p>
      ) : (
        <ul>
          {runs.map((run) => (
            <li key={run.id} className="border-b border-line py-2 last:border-0">
              <code className="block truncate text-small">{run.sql.replace(/\s+/g, " ")}</code>
              <span className="mt-0.5 block text-small text-ink-3 tabular-nums">{outcome(run)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function outcome({ state, statistics, error }: Execution): string {
  if (state === "FAILED") return error?.detail ? `Failed: ${error.detail}` : "Failed";
  if (state !== "SUCCEEDED") return state.charAt(0) + state.slice(1).toLowerCase();
  if (statistics.reused) return "From the cache, $0";
  return `${bytes(statistics.scanned_bytes ?? 0)} read, ${usd(statistics.usd ?? 0)}`;
}
