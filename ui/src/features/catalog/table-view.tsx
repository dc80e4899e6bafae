import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { RefreshCw, SquareTerminal } from "lucide-react";
import type { ReactNode } from "react";
import { table as tableQuery } from "@/api/queries";
import type { Table } from "@/api/types";
import { refreshTable } from "@/api/writes";
import { bytes, changed, full, scanPrice } from "@/lib/format";
import { useNow } from "@/lib/now";
import { ButtonContent, buttonClass, IconButton } from "@/ui/button";
import { Failure } from "@/ui/failure";
import { LiveMark } from "@/ui/live-mark";
import { Strip } from "@/ui/message";
import { Crumb, Divider, PageTitle } from "@/ui/page";
import { Skeleton, SkeletonRows } from "@/ui/skeleton";
import { TabPanel, Tabs } from "@/ui/tabs";
import { Columns } from "./columns";
import { Files } from "./files";
import { allColumns } from "./nodes";
import { Partitions } from "./partitions";
import { Preview } from "./preview";
import { UsedBy } from "./used-by";

const TABS = ["columns", "preview", "files"] as const;
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
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as { tab?: string };
  const tab: Tab = TABS.find((each) => each === search.tab) ?? "columns";
  const { data, error, refetch } = useQuery(tableQuery(catalog, database, table));
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
  return (
    <>
      <Head {...name}>
        {data && <LiveMark asOf={data.updated_at} />}
        <Divider />
        <IconButton
          icon={RefreshCw}
          label="Read its files again"
          disabled={refresh.isPending}
          onClick={() => refresh.mutate()}
        />
        <Link to="/sql" search={name as never} className={buttonClass("primary")}>
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
      {data?.description && <p className="mt-1.5 max-w-[70ch] text-read text-ink-2">{data.description}</p>}
      <Facts table={data} />
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
          { id: "files", label: "Files" },
        ]}
      />
      <TabPanel tab={tab} className="mt-5">
        {!data ? (
          <SkeletonRows rows={9} height={40} label="Reading the table" />
        ) : tab === "preview" ? (
          <Preview catalog={catalog} database={database} table={table} />
        ) : tab === "files" ? (
          <Files table={data} />
        ) : (
          <div className="grid grid-cols-[1fr_272px] gap-9 max-laptop:grid-cols-1">
            <Columns columns={allColumns(data)} keys={data.partition_keys} />
            <div className="flex min-w-0 flex-col gap-6.5">
              <Partitions table={data} />
              <UsedBy table={data} />
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

function Facts({ table }: { table: Table | undefined }) {
  const now = useNow();
  const facts: [string, ReactNode, ReactNode?][] = table
    ? [
        ["Rows", table.rows === null ? "Not counted" : full(table.rows)],
        ["Size", bytes(table.bytes), table.row_groups ? `${full(table.row_groups)} row groups` : undefined],
        ["Files", full(table.files), [formatName(table.format), table.compression].filter(Boolean).join(", ")],
        ["Full scan costs", scanPrice(table.bytes)],
        ["Changed", table.updated_at ? changed(table.updated_at, now) : "Not known"],
        ...(table.owner ? [["Owner", table.owner] as [string, ReactNode]] : []),
      ]
    : ["Rows", "Size", "Files", "Full scan costs", "Changed"].map((label) => [
        label,
        <Skeleton key="s" className="my-1.25 h-3 w-20" />,
      ]);
  return (
    <dl className="mt-4 flex flex-wrap justify-between gap-x-6 gap-y-3 border-y border-line py-3.5 max-phone:grid max-phone:grid-cols-2">
      {facts.map(([label, value, note]) => (
        <div key={label}>
          <dt className="text-small text-ink-3">{label}</dt>
          <dd className="text-figure font-medium tracking-[-0.008em] whitespace-nowrap tabular-nums">
            {value} {note && <small className="text-small font-regular tracking-normal text-ink-3">{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

const formatName = (format: string) =>
  ({ parquet: "Parquet", csv: "CSV", json: "JSON" })[format.toLowerCase()] ?? format;
