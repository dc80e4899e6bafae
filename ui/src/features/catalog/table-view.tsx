import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { RefreshCw, SquareTerminal } from "lucide-react";
import type { ReactNode } from "react";
import { table as tableQuery } from "@/api/queries";
import type { Table } from "@/api/types";
import { refreshTable } from "@/api/writes";
import { cx } from "@/lib/cx";
import { bytes, changed, full, scanPrice } from "@/lib/format";
import { useNow } from "@/lib/now";
import { firstLook } from "@/lib/sql-text";
import { ButtonContent, buttonClass, IconButton } from "@/ui/button";
import { Failure } from "@/ui/failure";
import { LiveMark } from "@/ui/live-mark";
import { Strip } from "@/ui/message";
import { Crumb, Divider, PageTitle } from "@/ui/page";
import { Skeleton, SkeletonRows } from "@/ui/skeleton";
import { TabPanel, Tabs } from "@/ui/tabs";
import { useMayEdit } from "@/ui/use-role";
import { Columns } from "./columns";
import { allColumns } from "./nodes";
import { Guard } from "./guard";
import { Partitions } from "./partitions";
import { Preview } from "./preview";
import { Problems } from "./problems";
import { Storage } from "./storage";
import { UsedBy } from "./used-by";

const TABS = ["columns", "preview"] as const;
type Tab = (typeof TABS)[number];

interface Name {
  catalog: string;
  database: string;
  table: string;
}

/** One table: what it is, what it costs to read, its columns, rows and files. */
export function TableView(name: Name) {
  const { catalog, database, table } = name;
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(tableQuery(catalog, database, table));
  const mayRefresh = useMayEdit();
  const refresh = useMutation({
    mutationFn: () => refreshTable(catalog, database, table),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: tableQuery(catalog, database, table).queryKey });
      await client.invalidateQueries({ queryKey: ["catalogs", catalog] });
    },
  });
  if (error) {
    return (
      <>
        <Head {...name} />
        <Failure error={error} what={`The table ${database}.${table}`} onRetry={() => void refetch()} />
      </>
    );
  }
  if (!data) {
    return (
      <>
        <Head {...name} />
        <FactsSkeleton />
        <SkeletonRows rows={9} height={40} label="Reading the table" />
      </>
    );
  }
  return (
    <>
      <Head {...name}>
        <LiveMark asOf={data.updated_at} />
        <Divider />
        {mayRefresh && (
          <IconButton
            icon={RefreshCw}
            label="Look for new files"
            disabled={refresh.isPending}
            onClick={() => refresh.mutate()}
          />
        )}
        <Link to="/sql" search={firstLook(name) as never} className={buttonClass("primary")}>
          <ButtonContent variant="primary" icon={SquareTerminal}>
            Query
          </ButtonContent>
        </Link>
      </Head>
      {refresh.error && (
        <Strip className="mt-3" action={<button onClick={() => refresh.mutate()}>Try again</button>}>
          Its files could not be read again: {refresh.error.message}
        </Strip>
      )}
      <Problems problems={data.problems} />
      <Facts table={data} />
      {!data.problems.some(({ fatal }) => fatal) && <Contents {...name} data={data} />}
    </>
  );
}

/** Columns and rows of a table that can be read. */
function Contents({ catalog, database, table, data }: Name & { data: Table }) {
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as { tab?: string };
  const tab: Tab = TABS.find((each) => each === search.tab) ?? "columns";
  return (
    <>
      <Tabs
        label="Table"
        className="mt-3.5"
        active={tab}
        onChange={(next) =>
          void navigate({ to: ".", search: (next === "columns" ? {} : { tab: next }) as never, replace: true })
        }
        tabs={[
          { id: "columns", label: "Columns" },
          { id: "preview", label: "Preview" },
        ]}
      />
      <TabPanel tab={tab} className="mt-5">
        {tab === "preview" ? (
          <Preview catalog={catalog} database={database} table={table} />
        ) : (
          <div className="grid grid-cols-[1fr_272px] gap-9 max-laptop:grid-cols-1">
            <Columns columns={allColumns(data)} keys={data.partition_keys} />
            <div className="flex min-w-0 flex-col gap-6.5">
              <Storage table={data} />
              <Guard table={data} />
              <Partitions table={data}>
                <UsedBy table={data} />
              </Partitions>
            </div>
          </div>
        )}
      </TabPanel>
    </>
  );
}

const Head = ({ catalog, database, table, children }: Name & { children?: ReactNode }) => (
  <header className="flex min-h-7 flex-wrap items-center gap-1.5">
    <Crumb>
      <Link to="/data" className="hover:underline">
        {catalog}
      </Link>
    </Crumb>
    <Crumb>
      <Link to="/data" className="hover:underline">
        {database}
      </Link>
    </Crumb>
    <PageTitle>{table}</PageTitle>
    <div className="ml-auto flex flex-wrap items-center gap-1.5 max-phone:ml-0 max-phone:w-full">{children}</div>
  </header>
);

const FACTS_BAND = "mt-4 border-y border-line py-3.5";

/** As high as the facts in one line; phones have three. */
const FactsSkeleton = () => (
  <div aria-hidden className={cx(FACTS_BAND, "mb-5")}>
    <Skeleton className="mb-2.5 h-3 w-20" />
    <Skeleton className="h-4 w-28" />
  </div>
);

function Facts({ table }: { table: Table }) {
  const now = useNow();
  const facts: [string, string][] = [
    ["Rows", table.rows === null ? "Not counted" : full(table.rows)],
    // What another system keeps is not counted here.
    ...(table.files !== null && table.bytes !== null
      ? ([
          ["Size", bytes(table.bytes)],
          ["Files", full(table.files)],
          ["Full scan costs", scanPrice(table.bytes)],
        ] as [string, string][])
      : []),
    ["Changed", table.updated_at ? changed(table.updated_at, now) : "Not known"],
  ];
  return (
    <dl
      className={cx(FACTS_BAND, "flex flex-wrap justify-between gap-x-6 gap-y-3 max-phone:grid max-phone:grid-cols-2")}
    >
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt className="text-small text-ink-3">{label}</dt>
          <dd className="text-figure font-medium tracking-[-0.008em] whitespace-nowrap tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
