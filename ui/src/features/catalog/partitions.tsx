import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { partitionRows } from "@/api/queries";
import type { Table } from "@/api/types";
import { cellText } from "@/lib/column-type";
import { full } from "@/lib/format";
import { SectionHead } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";

const MOST = 12;

/** The greatest partitions as bars of their rows. What stands below waits until their number is known. */
export function Partitions({ table, children }: { table: Table; children: ReactNode }) {
  const countable = table.partition_keys.length > 0 && table.format === "parquet" && !table.require_partition?.length;
  const { data, isPending, isError } = useQuery({ ...partitionRows(table, MOST), enabled: countable });
  if (!countable || isError) return children;
  const names = table.partition_keys.map((key) => key.name);
  const partitions = (data?.rows ?? []).map((row) => ({
    name: names.map((key, i) => `${key}=${row[i] === null ? "null" : cellText(row[i])}`).join("/"),
    rows: Number(row[names.length]),
  }));
  const greatest = Math.max(...partitions.map(({ rows }) => rows), 1);
  return (
    <>
      <section>
        <SectionHead title="Partitions" note={`${names.join(", ")}, rows`} />
        {isPending ? (
          <SkeletonRows rows={5} height={24} label="Counting the partitions" />
        ) : (
          <ul>
            {partitions.map(({ name, rows }) => (
              <li
                key={name}
                className="grid h-6 grid-cols-[minmax(80px,auto)_1fr_64px] items-center gap-2.5 tabular-nums"
              >
                <span className="truncate font-mono text-small">{name}</span>
                <i
                  className="block h-2 rounded-r-[1px] bg-c1"
                  style={{ width: `${((100 * rows) / greatest).toFixed(1)}%` }}
                />
                <span className="text-right text-small text-ink-2">{full(rows)}</span>
              </li>
            ))}
          </ul>
        )}
        {partitions.length === MOST && <p className="mt-2 text-small text-ink-3">The {MOST} greatest.</p>}
      </section>
      {!isPending && children}
    </>
  );
}
