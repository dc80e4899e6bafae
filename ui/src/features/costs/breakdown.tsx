import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { costs } from "@/api/queries";
import type { CostBy, CostRow } from "@/api/types";
import { bytes, full, percent, usd } from "@/lib/format";
import { buttonClass, ButtonContent } from "@/ui/button";
import { Failure } from "@/ui/failure";
import { EmptyState } from "@/ui/message";
import { SkeletonRows } from "@/ui/skeleton";
import { Table, Td, Th } from "@/ui/table";
import { TabPanel, Tabs, type TabItem } from "@/ui/tabs";
import { hitRate } from "./hit-rate";

type Split = Exclude<CostBy, "day">;

const SPLITS: Record<Split, { label: string; none: string }> = {
  user: { label: "Person", none: "The system" },
  dashboard: { label: "Dashboard", none: "On no dashboard" },
  table: { label: "Table", none: "" },
  engine: { label: "Engine", none: "" },
};

const ENGINES: Record<string, string> = {
  embedded: "Embedded",
  athena: "Athena",
  trino: "Trino",
  postgres: "PostgreSQL",
};

/** The same period by person, dashboard, table or engine, dearest first. */
export function Breakdown(props: {
  from: string;
  to: string;
  isAdmin: boolean;
  by: string | undefined;
  onBy: (by: Split) => void;
}) {
  const { from, to, isAdmin, onBy } = props;
  const splits = (Object.keys(SPLITS) as Split[]).filter((split) => isAdmin || split !== "user");
  const by = splits.find((split) => split === props.by) ?? splits[0] ?? "table";
  const { data, isPending, error, refetch } = useQuery(costs(from, to, by));
  return (
    <section className="min-w-0">
      <h2 className="sr-only">Where it went</h2>
      <div className="flex items-end">
        <Tabs
          label="Where it went"
          className="flex-1"
          tabs={splits.map((id): TabItem<Split> => ({ id, label: `By ${SPLITS[id].label.toLowerCase()}` }))}
          active={by}
          onChange={onBy}
        />
        <a
          href={`/api/v1/costs?from=${from}&to=${to}&by=${by}&format=csv`}
          download
          aria-label={`CSV by ${SPLITS[by].label.toLowerCase()}`}
          className={buttonClass("ghost", "sm", "mb-1 ml-2")}
        >
          <ButtonContent variant="ghost" icon={Download}>
            CSV
          </ButtonContent>
        </a>
      </div>
      <TabPanel tab={by} className="mt-3.5">
        {error ? (
          <Failure error={error} what="The costs" onRetry={() => void refetch()} />
        ) : isPending ? (
          <SkeletonRows rows={5} label="Reading the costs" />
        ) : data.items.length === 0 ? (
          <EmptyState title="Nothing was run in this time" className="mt-0">
            Runs are listed here as soon as they have ended.
          </EmptyState>
        ) : (
          <Rows by={by} items={data.items} />
        )}
      </TabPanel>
    </section>
  );
}

function Rows({ by, items }: { by: Split; items: readonly CostRow[] }) {
  const label = SPLITS[by].label;
  const reuses = by !== "table";
  return (
    <Table plain={by !== "table"} aria-label={`Costs by ${label.toLowerCase()}`}>
      <thead>
        <tr>
          <Th>{label}</Th>
          <Th right>Runs</Th>
          <Th right>Read</Th>
          <Th right>Spent</Th>
          {reuses && (
            <>
              <Th right className="max-phone:hidden">
                Stored
              </Th>
              <Th right className="max-phone:hidden">
                Saved
              </Th>
            </>
          )}
        </tr>
      </thead>
      <tbody>
        {items.map((row) => (
          <tr key={row.key}>
            <Td className="max-w-80 truncate">
              <Name by={by} row={row} />
            </Td>
            <Td right>{full(row.runs)}</Td>
            <Td right>{bytes(row.bytes)}</Td>
            <Td right className="font-medium">
              {usd(row.usd)}
            </Td>
            {reuses && (
              <>
                <Td right className="text-ink-2 max-phone:hidden">
                  {full(row.reused)}
                  <Share rate={hitRate(row.reused, row.runs)} />
                </Td>
                <Td right className="text-ink-2 max-phone:hidden">
                  {usd(Number(row.saved_by_reuse_usd) + Number(row.saved_by_routing_usd))}
                </Td>
              </>
            )}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

/** Beside how many answers were stored ones: which part of all. */
const Share = ({ rate }: { rate: number | null }) =>
  rate === null ? null : <span className="ml-1.5 inline-block w-9 text-ink-3">{percent(rate, 0)}</span>;

function Name({ by, row }: { by: Split; row: CostRow }) {
  if (row.key === "") return <span className="text-ink-3">{SPLITS[by].none}</span>;
  if (by === "engine") return ENGINES[row.key] ?? row.key;
  if (by !== "table") return row.name ?? <span className="text-ink-3">Gone</span>;
  const [catalog = "", database = "", ...rest] = row.key.split(".");
  return (
    <Link
      to="/data/$catalog/$database/$table"
      params={{ catalog, database, table: rest.join(".") }}
      className="font-mono text-small hover:underline"
    >
      {row.key}
    </Link>
  );
}
