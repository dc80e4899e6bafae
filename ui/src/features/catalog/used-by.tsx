import { Link } from "@tanstack/react-router";
import { FileCode, LayoutDashboard } from "lucide-react";
import type { Table } from "@/api/types";
import { Icon } from "@/ui/icon";
import { SectionHead } from "@/ui/page";

/** The dashboards and queries that read the table. */
export function UsedBy({ table }: { table: Table }) {
  const uses = table.used_by ?? [];
  if (uses.length === 0) return null;
  return (
    <section>
      <SectionHead title="Used by" />
      <ul>
        {uses.map((use) => (
          <li key={use.id} className="flex h-7.5 items-center gap-2.5 whitespace-nowrap">
            <Icon as={use.kind === "dashboard" ? LayoutDashboard : FileCode} className="text-ink-3" />
            {use.kind === "dashboard" ? (
              <Link to="/d/$slug" params={{ slug: use.slug }} className="truncate hover:underline">
                {use.title}
              </Link>
            ) : (
              <Link to="/sql/$id" params={{ id: use.id }} className="truncate hover:underline">
                {use.title}
              </Link>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
