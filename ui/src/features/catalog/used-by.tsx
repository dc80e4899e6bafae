import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FileCode, LayoutDashboard } from "lucide-react";
import { dashboards, savedQueries } from "@/api/queries";
import type { DashboardDefinition, Table } from "@/api/types";
import { mentionsTable } from "@/lib/sql-text";
import { Icon } from "@/ui/icon";
import { SectionHead } from "@/ui/page";

/** The dashboards and queries whose SQL reads the table. */
export function UsedBy({ table }: { table: Table }) {
  const reads = (sql: string) => mentionsTable(sql, { database: table.database, table: table.name });
  const [everyBoard, everyQuery] = [useQuery(dashboards()), useQuery(savedQueries())];
  // Both at once: what came second would move what is being read.
  if (everyBoard.isPending || everyQuery.isPending) return null;
  const boards = (everyBoard.data?.items ?? []).filter(({ definition }) => statements(definition).some(reads));
  const queries = (everyQuery.data?.items ?? []).filter(({ definition }) => reads(definition.sql ?? ""));
  if (boards.length + queries.length === 0) return null;
  return (
    <section>
      <SectionHead title="Used by" />
      <ul>
        {boards.map(({ id, slug, title }) => (
          <li key={id} className="flex h-7.5 items-center gap-2.5 max-phone:h-10">
            <Icon as={LayoutDashboard} className="text-ink-3" />
            <Link to="/d/$slug" params={{ slug }} className="truncate hover:underline">
              {title}
            </Link>
          </li>
        ))}
        {queries.map(({ id, title }) => (
          <li key={id} className="flex h-7.5 items-center gap-2.5 max-phone:h-10">
            <Icon as={FileCode} className="text-ink-3" />
            <Link to="/sql/$id" params={{ id }} className="truncate hover:underline">
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

const statements = ({ queries, tabs }: DashboardDefinition): string[] => [
  ...Object.values(queries ?? {}).map(({ sql }) => sql),
  ...(tabs ?? []).flatMap((tab) => tab.tiles.flatMap((tile) => tile.sql ?? [])),
];
