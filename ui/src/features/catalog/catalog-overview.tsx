import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Database } from "lucide-react";
import { databases, tables } from "@/api/queries";
import type { CatalogSummary } from "@/api/types";
import { bytes, changed, count, full } from "@/lib/format";
import { useNow } from "@/lib/now";
import { buttonClass } from "@/ui/button";
import { Failure } from "@/ui/failure";
import { EmptyState, Strip } from "@/ui/message";
import { Page, PageTitle, SectionHead } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";
import { Table, Td, Th } from "@/ui/table";
import { useIsAdmin } from "@/ui/use-role";

/** Every table of one catalog, by database. */
export function CatalogOverview({ catalog: of }: { catalog: CatalogSummary | undefined }) {
  return (
    <>
      <div className="flex min-h-7 items-center">
        <PageTitle>{of?.name ?? "Data"}</PageTitle>
      </div>
      {of ? <Databases catalog={of} /> : <ListSkeleton label="Reading the catalog" />}
    </>
  );
}

const ListSkeleton = ({ label }: { label: string }) => (
  <div className="mt-7 max-w-240">
    <SkeletonRows rows={6} height={40} label={label} />
  </div>
);

const PLACES: Record<string, string> = { s3: "Amazon S3", trino: "Trino", glue: "AWS Glue", postgres: "PostgreSQL" };

function Databases({ catalog: of }: { catalog: CatalogSummary }) {
  const now = useNow();
  const catalog = of.name;
  const found = useQuery(databases(catalog));
  const names = found.data?.items ?? [];
  const lists = useQueries({ queries: names.map(({ name }) => tables(catalog, name)) });
  // A database whose tables are not known yet is the last one that is shown: it would push those below.
  const known = lists.findIndex((list) => list.isPending);
  return (
    <>
      <p className="mt-1 text-small text-ink-3">
        {PLACES[of.kind] ?? "Folder"}, <span className="font-mono">{of.location}</span>,{" "}
        {of.files === null ? count(of.tables, "table") : `${count(of.files, "file")}, ${bytes(of.bytes ?? 0)}`}
      </p>
      {of.error && <Strip className="mt-3">Not up to date: {of.error.message}</Strip>}
      {of.warnings.map((warning) => (
        <Strip key={warning} className="mt-3">
          {warning}
        </Strip>
      ))}
      {found.error ? (
        <Failure error={found.error} what="The catalog" onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <ListSkeleton label="Reading the catalog" />
      ) : (
        names.slice(0, known < 0 ? names.length : known + 1).map(({ name: database }, i) => {
          const list = lists[i];
          return (
            <section key={database} className="mt-7 max-w-240">
              <SectionHead title={database} note={list?.data && count(list.data.items.length, "table")} />
              {list?.error ? (
                <Failure error={list.error} what={`The database ${database}`} onRetry={() => void list.refetch()} />
              ) : !list?.data ? (
                <SkeletonRows rows={5} height={40} label={`Reading ${database}`} />
              ) : list.data.items.length === 0 ? (
                <p className="text-ink-2">No tables in this database yet.</p>
              ) : (
                <Table aria-label={`Tables of ${database}`}>
                  <thead>
                    <tr>
                      <Th className="w-full">Table</Th>
                      <Th right>Size</Th>
                      <Th right className="max-phone:hidden">
                        Files
                      </Th>
                      <Th right className="max-phone:hidden">
                        Changed
                      </Th>
                    </tr>
                  </thead>
                  <tbody>
                    {list.data.items.map((table) => (
                      <tr key={table.name} className="hover:bg-sunken">
                        <Td tall className="max-w-0">
                          <Link
                            to="/data/$catalog/$database/$table"
                            params={{ catalog, database, table: table.name }}
                            className="block truncate font-medium hover:underline"
                          >
                            {table.name}
                          </Link>
                        </Td>
                        <Td tall right className="pl-4">
                          {table.bytes === null ? <Unknown /> : bytes(table.bytes)}
                        </Td>
                        <Td tall right className="pl-4 max-phone:hidden">
                          {table.files === null ? <Unknown /> : full(table.files)}
                        </Td>
                        <Td tall right className="pl-4 text-ink-2 max-phone:hidden">
                          {table.updated_at ? changed(table.updated_at, now) : ""}
                        </Td>
                      </tr>
                    ))}
                  </tbody>
                </Table>
              )}
            </section>
          );
        })
      )}
    </>
  );
}

/** Another system keeps the files: nobody has counted them, so none is not what it says. */
const Unknown = () => (
  <span className="text-ink-3" title="Not known: the catalog does not count files">
    –
  </span>
);

export function NoCatalogs() {
  const isAdmin = useIsAdmin();
  return (
    <Page className="w-full pt-6">
      <PageTitle>Data</PageTitle>
      <EmptyState
        icon={Database}
        title="No data is connected yet"
        className="max-w-[60ch]!"
        actions={
          isAdmin && (
            <Link to="/admin/connections" className={buttonClass("primary")}>
              New connection
            </Link>
          )
        }
      >
        <p>
          {isAdmin
            ? "Point Lakefront at a folder or a bucket, here or by a command."
            : "An administrator points Lakefront at a folder or a bucket."}{" "}
          It reads CSV, JSON and Parquet where they lie and writes nothing there; folders like{" "}
          <code className="text-small">state=CA</code> become partitions.
        </p>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a long line is scrolled by keys too */}
        <pre tabIndex={0} className="mt-2.5 overflow-x-auto rounded-row bg-sunken px-2.5 py-2 text-small/4.75">
          lakefront catalog add lake --path /data/lake{"\n"}lakefront catalog add lake --s3 s3://bucket/prefix/
        </pre>
      </EmptyState>
    </Page>
  );
}
