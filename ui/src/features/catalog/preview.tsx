import { useQuery } from "@tanstack/react-query";
import { tablePreview } from "@/api/queries";
import { cellText, typeKind } from "@/lib/column-type";
import { count } from "@/lib/format";
import { Failure } from "@/ui/failure";
import { EmptyState } from "@/ui/message";
import { SectionHead } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";
import { Null, Table, Td, Th } from "@/ui/table";

/** The first rows as they are. */
export function Preview({ catalog, database, table }: { catalog: string; database: string; table: string }) {
  const { data, isPending, error, refetch } = useQuery(tablePreview(catalog, database, table));
  if (error) return <Failure error={error} what="The preview" onRetry={() => void refetch()} />;
  if (isPending) return <SkeletonRows rows={12} label="Reading the first rows" />;
  if (data.rows.length === 0) return <EmptyState title="This table has no rows" />;
  const right = data.columns.map((column) => typeKind(column.type) === "number");
  return (
    <>
      <SectionHead title={`First ${count(data.rows.length, "row")}`} />
      <Table plain aria-label={`First rows of ${table}`}>
        <thead>
          <tr>
            {data.columns.map((column, i) => (
              <Th key={column.name} right={right[i]} className="pl-2 first:pl-0">
                <span className="font-strong text-ink">{column.name}</span>{" "}
                <span className="font-mono text-micro font-regular">{column.type}</span>
              </Th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.rows.map((row, r) => (
            <tr key={r} className="hover:bg-sunken">
              {row.map((value, i) => (
                <Td key={i} right={right[i]} className="max-w-80 truncate pl-2 first:pl-0">
                  {value === null ? <Null /> : cellText(value)}
                </Td>
              ))}
            </tr>
          ))}
        </tbody>
      </Table>
    </>
  );
}
