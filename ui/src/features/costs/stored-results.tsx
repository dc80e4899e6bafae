import { useQuery } from "@tanstack/react-query";
import { resultCache } from "@/api/queries";
import type { StoredResults as Stored } from "@/api/types";
import { bytes, count, percent } from "@/lib/format";
import { Failure } from "@/ui/failure";
import { SectionHead } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";
import { hitRate } from "./hit-rate";

/** How full the stores of results are, and how often they answered since the server began. */
export function StoredResults() {
  const { data, isPending, error, refetch } = useQuery(resultCache());
  return (
    <section className="min-w-0">
      <SectionHead title="Stored results" />
      {error ? (
        <Failure error={error} what="The stored results" onRetry={() => void refetch()} />
      ) : isPending ? (
        <SkeletonRows rows={2} height={56} label="Reading the stored results" />
      ) : (
        <>
          <ul aria-label="Stored results" className="border-t border-line">
            <Store name="On this server’s disk" stored={data.local} />
            {data.database && <Store name="In the app database" stored={data.database} />}
          </ul>
          <p className="mt-2.5 text-small text-ink-3">{answersOf(data.hits, data.misses)}</p>
        </>
      )}
    </section>
  );
}

function answersOf(hits: { memory: number; disk: number; database: number }, misses: number): string {
  const found = hits.memory + hits.disk + hits.database;
  const rate = hitRate(found, misses);
  if (rate === null) return "No statement has been answered since this server began.";
  return `${percent(rate, 0)} of ${count(found + misses, "statement")} found their result since this server began.`;
}

function Store({ name, stored }: { name: string; stored: Stored }) {
  const share = stored.limit_bytes > 0 ? Math.min(1, stored.bytes / stored.limit_bytes) : 0;
  const full = `${bytes(stored.bytes)} of ${bytes(stored.limit_bytes)}`;
  return (
    <li className="border-b border-line py-2.5">
      <div className="flex items-baseline gap-2">
        <span className="truncate font-medium">{name}</span>
        <span className="text-small whitespace-nowrap text-ink-3">{count(stored.entries, "result")}</span>
      </div>
      <div
        role="meter"
        aria-label={name}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={full}
        className="mt-1.5 h-2 overflow-hidden rounded-[1px] bg-active"
      >
        <i className="block h-full bg-c1" style={{ width: `${(share * 100).toFixed(1)}%` }} />
      </div>
      <p className="mt-1 flex justify-between gap-4 text-small text-ink-3 tabular-nums">
        <span>{full}</span>
        <span>
          {stored.evictions === 0 ? "none removed for room" : `${count(stored.evictions, "result")} removed for room`}
        </span>
      </p>
    </li>
  );
}
