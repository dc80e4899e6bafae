import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { costs } from "@/api/queries";
import type { CostReport } from "@/api/types";
import { bytes, count, full, percent, usd } from "@/lib/format";
import { useNow } from "@/lib/now";
import { ButtonContent, buttonClass } from "@/ui/button";
import { useDocumentHead } from "@/ui/document-head";
import { Failure } from "@/ui/failure";
import { Select } from "@/ui/field";
import { Page, PageHead, SectionHead } from "@/ui/page";
import { Skeleton } from "@/ui/skeleton";
import { Chart } from "@/viz";
import { useIsAdmin } from "@/ui/use-role";
import { Approvals } from "./approvals";
import { Breakdown } from "./breakdown";
import { Budgets } from "./budgets";
import { hitRate } from "./hit-rate";
import { everyDay, lastDays } from "./period";
import { StoredResults } from "./stored-results";

const PERIODS: [days: number, label: string][] = [
  [7, "Last 7 days"],
  [30, "Last 30 days"],
  [90, "Last 90 days"],
  [365, "Last year"],
];

/** What was spent and saved; for administrators also who waits, and the budgets. */
export function CostsPage() {
  useDocumentHead("Costs");
  const now = useNow();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as { days?: string; by?: string };
  const days = PERIODS.find(([each]) => String(each) === search.days)?.[0] ?? 30;
  const { from, to } = lastDays(days, now);
  const isAdmin = useIsAdmin();
  const { data, error, refetch } = useQuery(costs(from, to, "day"));
  const go = (change: Record<string, string>) =>
    void navigate({ to: ".", search: { ...search, ...change } as never, replace: true });
  return (
    <Page className="w-full">
      <PageHead
        title="Costs"
        actions={
          <>
            <Select aria-label="Period" value={days} onChange={(event) => go({ days: event.target.value })}>
              {PERIODS.map(([each, label]) => (
                <option key={each} value={each}>
                  {label}
                </option>
              ))}
            </Select>
            <a href={`/api/v1/costs?from=${from}&to=${to}&by=day&format=csv`} download className={buttonClass()}>
              <ButtonContent icon={Download}>CSV</ButtonContent>
            </a>
          </>
        }
      />
      <p className="mt-1 text-ink-2">
        {isAdmin
          ? "What everyone’s queries read and cost, in UTC days."
          : "What your queries read and cost, in UTC days."}
      </p>
      {isAdmin && <Approvals />}
      {error ? (
        <Failure error={error} what="The costs" onRetry={() => void refetch()} />
      ) : (
        <>
          <Facts report={data} />
          <Spend report={data} />
        </>
      )}
      <div className="mt-9 grid grid-cols-[minmax(0,1fr)_400px] gap-x-12 gap-y-9 max-laptop:grid-cols-1">
        <Breakdown from={from} to={to} isAdmin={isAdmin} by={search.by} onBy={(by) => go({ by })} />
        {isAdmin && (
          <div className="grid min-w-0 content-start gap-y-9">
            <Budgets />
            <StoredResults />
          </div>
        )}
      </div>
    </Page>
  );
}

function Facts({ report }: { report: CostReport | undefined }) {
  const facts: [label: string, value: string, note: string][] = report ? factsOf(report) : [];
  return (
    <dl
      aria-busy={report ? undefined : true}
      className="mt-4 flex min-h-21 flex-wrap justify-between gap-x-6 gap-y-3 border-y border-line py-3.5 max-phone:grid max-phone:min-h-54 max-phone:grid-cols-2"
    >
      {facts.map(([label, value, note]) => (
        <div key={label}>
          <dt className="text-small text-ink-3">{label}</dt>
          <dd className="text-figure font-medium tracking-[-0.008em] whitespace-nowrap tabular-nums">{value}</dd>
          <dd className="text-small text-ink-3">{note}</dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf({ total, accuracy }: CostReport): [string, string, string][] {
  const stored = hitRate(total.reused, total.runs);
  return [
    ["Spent", usd(total.usd), `in ${count(total.runs, "run")}`],
    ["Read", bytes(total.bytes), "by these runs"],
    [
      "From stored results",
      stored === null ? "—" : percent(stored, 0),
      `${full(total.reused)} of ${count(total.reused + total.runs, "answer")}`,
    ],
    ["Saved by stored results", usd(total.saved_by_reuse_usd), "by not running again"],
    ["Saved by routing", usd(total.saved_by_routing_usd), "against Athena’s price"],
    [
      "Estimates within 1 %",
      accuracy.exact_runs === 0 ? "—" : `${full(accuracy.within_1_percent)} of ${full(accuracy.exact_runs)}`,
      accuracy.bounded_runs === 0
        ? "runs with exact estimates"
        : `${full(accuracy.within_bound)} of ${full(accuracy.bounded_runs)} bounds kept`,
    ],
  ];
}

const CENT = 0.01;
const COLUMNS = [
  { name: "day", type: "date" },
  { name: "usd", type: "double" },
  { name: "bytes", type: "double" },
];

function Spend({ report }: { report: CostReport | undefined }) {
  // What costs next to nothing is shown by what it reads.
  const by = !report || Number(report.total.usd) >= CENT ? "usd" : "bytes";
  return (
    <section className="mt-7 max-phone:mb-12">
      <SectionHead title={by === "usd" ? "Spent by day" : "Read by day"} note={by === "usd" ? "dollars" : "bytes"} />
      {report ? (
        <Chart
          spec={{ type: "bar", x: "day", y: [by] }}
          columns={COLUMNS}
          rows={everyDay(report.from, report.to, report.items)}
          title={by === "usd" ? "Dollars spent by day" : "Bytes read by day"}
          expect={{ width: Math.min(1200, window.innerWidth - 32), height: 200 }}
          height={200}
          legend="none"
        />
      ) : (
        <div role="status" aria-busy="true" aria-label="Reading the costs">
          <Skeleton className="h-50 w-full" />
        </div>
      )}
    </section>
  );
}
