import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Table2 } from "lucide-react";
import { everyTable } from "@/api/queries";
import { bytes, changed } from "@/lib/format";
import { useNow } from "@/lib/now";
import { Failure } from "@/ui/failure";
import { Icon } from "@/ui/icon";
import { SectionHead } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";

const MOST = 6;

/** The tables whose data changed last. */
export function RecentTables() {
  const now = useNow();
  const { data, isPending, error, refetch } = useQuery(everyTable());
  const tables = [...(data ?? [])]
    .sort((a, b) => (b.updated_at ?? "").localeCompare(a.updated_at ?? "") || a.name.localeCompare(b.name))
    .slice(0, MOST);
  return (
    <section>
      <SectionHead
        title="Data"
        note="newest first"
        actions={
          <Link to="/data" className="text-small font-medium text-accent-text hover:underline">
            Catalog
          </Link>
        }
      />
      {error ? (
        <Failure error={error} what="The catalog" onRetry={() => void refetch()} />
      ) : isPending ? (
        <SkeletonRows rows={MOST} height={30} label="Reading the catalog" />
      ) : tables.length === 0 ? (
        <p className="text-ink-2">
          No tables yet.{" "}
          <Link to="/data" className="font-medium text-accent-text hover:underline">
            See how to add some
          </Link>
        </p>
      ) : (
        <ul>
          {tables.map((table) => (
            <li
              key={`${table.catalog}.${table.database}.${table.name}`}
              className="flex h-7.5 items-center gap-2.5 whitespace-nowrap max-phone:h-10"
            >
              <Icon as={Table2} className="text-ink-3" />
              <Link
                to="/data/$catalog/$database/$table"
                params={{ catalog: table.catalog, database: table.database, table: table.name }}
                className="truncate hover:underline"
              >
                {table.database}.{table.name}
              </Link>
              <span className="ml-auto text-small text-ink-3 tabular-nums">
                {table.updated_at ? changed(table.updated_at, now) : table.bytes === null ? "–" : bytes(table.bytes)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
