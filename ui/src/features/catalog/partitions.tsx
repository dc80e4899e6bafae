import type { PartitionSummary, Table } from "@/api/types";
import { bytes, count, full } from "@/lib/format";
import { SectionHead } from "@/ui/page";

const MOST = 12;

/** The partitions as bars: by rows where all of them are counted, else by bytes. */
export function Partitions({ table }: { table: Table }) {
  const partitions = table.partitions ?? [];
  if (partitions.length === 0) return null;
  const counted = partitions.every((partition) => partition.rows !== null);
  const size = (partition: PartitionSummary) => (counted ? (partition.rows ?? 0) : partition.bytes);
  const greatest = Math.max(...partitions.map(size), 1);
  const shown = [...partitions].sort((a, b) => size(b) - size(a)).slice(0, MOST);
  const keys = table.partition_keys.map((key) => key.name).join(", ");
  return (
    <section>
      <SectionHead title="Partitions" note={`${keys}, ${counted ? "rows" : "bytes"}`} />
      <ul>
        {shown.map((partition) => {
          const name = Object.entries(partition.values)
            .map(([key, value]) => `${key}=${value ?? "null"}`)
            .join("/");
          return (
            <li
              key={name}
              className="grid h-6 grid-cols-[minmax(80px,auto)_1fr_64px] items-center gap-2.5 tabular-nums"
            >
              <span className="truncate font-mono text-small">{name}</span>
              <span>
                <i
                  className="block h-2 rounded-r-[1px] bg-c1"
                  style={{ width: `${((100 * size(partition)) / greatest).toFixed(1)}%` }}
                />
              </span>
              <span className="text-right text-small text-ink-2">
                {counted ? full(partition.rows ?? 0) : bytes(partition.bytes)}
              </span>
            </li>
          );
        })}
      </ul>
      {partitions.length > MOST && (
        <p className="mt-2 text-small text-ink-3">and {count(partitions.length - MOST, "more", "more")}, smaller</p>
      )}
    </section>
  );
}
