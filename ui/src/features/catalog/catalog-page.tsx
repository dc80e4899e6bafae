import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { catalogs as catalogsQuery, firstCatalog } from "@/api/queries";
import { useDocumentHead } from "@/ui/document-head";
import { Failure } from "@/ui/failure";
import { Page } from "@/ui/page";
import { Skeleton } from "@/ui/skeleton";
import { CatalogOverview, NoCatalogs } from "./catalog-overview";
import { CatalogTree } from "./catalog-tree";
import { TableView } from "./table-view";

/** The catalog: the tree at the left, and beside it one table or what there is to choose from. */
export function CatalogPage() {
  const params = useParams({ strict: false });
  const { catalog: named, database, table } = params;
  const [picked, setPicked] = useState<string | null>(null);
  const navigate = useNavigate();
  const { data, error, refetch } = useQuery(catalogsQuery());
  useDocumentHead(table ? `${database}.${table}` : "Data");

  if (error) {
    return (
      <Page className="w-full">
        <Failure error={error} what="The catalog" onRetry={() => void refetch()} />
      </Page>
    );
  }
  if (data?.items.length === 0) return <NoCatalogs />;
  const catalog = named ?? picked ?? firstCatalog(data?.items ?? [])?.name;
  return (
    <div className="flex flex-1">
      {data && catalog ? (
        <CatalogTree
          catalogs={data.items}
          catalog={catalog}
          selected={{ database, table }}
          onCatalog={(name) => {
            setPicked(name);
            if (named) void navigate({ to: "/data" });
          }}
          className="sticky top-(--bar-h) h-[calc(100dvh-var(--bar-h))] max-laptop:hidden"
        />
      ) : (
        <TreePlaceholder />
      )}
      <div className="min-w-0 flex-1 px-7 pt-4.5 pb-8 max-phone:px-4">
        {catalog && database && table ? (
          <TableView key={`${catalog}.${database}.${table}`} catalog={catalog} database={database} table={table} />
        ) : (
          <CatalogOverview catalog={data?.items.find(({ name }) => name === catalog)} />
        )}
      </div>
    </div>
  );
}

const TreePlaceholder = () => (
  <div className="w-68 flex-none border-r border-line bg-sunken p-3 max-laptop:hidden" aria-hidden>
    <Skeleton className="mb-3 h-7 w-32" />
    <Skeleton className="h-7 w-full" />
  </div>
);
