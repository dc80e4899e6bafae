import { useQuery } from "@tanstack/react-query";
import { History } from "lucide-react";
import { dashboardVersions } from "@/api/dashboards";
import { changed } from "@/lib/format";
import { useNow } from "@/lib/now";
import { Button } from "@/ui/button";
import { Failure } from "@/ui/failure";
import { Popover } from "@/ui/popover";
import type { DashboardDefinition } from "../definition";

/** Earlier states of the dashboard; taking one back is a change like any other and can be undone. */
export function Versions({ id, onRestore }: { id: string; onRestore: (definition: DashboardDefinition) => void }) {
  return (
    <Popover
      label="Versions"
      align="end"
      width={320}
      className="p-2"
      trigger={
        <Button variant="ghost" icon={History}>
          Versions
        </Button>
      }
    >
      {(close) => (
        <VersionList
          id={id}
          onPick={(definition) => {
            onRestore(definition);
            close();
          }}
        />
      )}
    </Popover>
  );
}

function VersionList({ id, onPick }: { id: string; onPick: (definition: DashboardDefinition) => void }) {
  const { data, error, refetch } = useQuery(dashboardVersions(id));
  const now = useNow();
  if (error) return <Failure error={error} what="The versions" onRetry={() => void refetch()} />;
  if (!data) return <p className="p-2 text-ink-2">Loading the versions</p>;
  return (
    <ul>
      {data.items.map((v) => (
        <li key={v.version} className="flex min-h-8 items-center gap-2 px-2">
          <span className="font-medium">Version {v.version}</span>
          <span className="truncate text-small text-ink-3">
            {v.changed_by ? `${v.changed_by.name}, ` : ""}
            {changed(v.changed_at, now)}
          </span>
          {v.definition && (
            <Button size="sm" className="ml-auto" onClick={() => v.definition && onPick(v.definition)}>
              Take back
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}
