import { Cpu, Gauge } from "lucide-react";
import { Popover } from "radix-ui";
import { Fragment } from "react";
import type { EstimateReport, TableEstimate } from "@/api/types";
import { bytes, count, engineName, usd } from "./format";
import type { EstimateState } from "./use-estimate";

/** Bytes, price and engine of the statement under the cursor, before it runs. Quiet while there is nothing to say. */
export function EstimateChip({ estimate }: { estimate: EstimateState }) {
  const { report, error, stale } = estimate;
  const over = error?.code === "SCAN_LIMIT_EXCEEDED";
  return (
    <Popover.Root>
      <Popover.Trigger
        className={`wb-est${over ? " over" : ""}${stale ? " stale" : ""}`}
        aria-label={report ? `Estimate: ${foreseen(report).join(", ")}, ${report.engine}` : "No estimate"}
      >
        <Gauge size={14} />
        {report ? (
          <>
            {foreseen(report).map((part, index) => (
              <Fragment key={part}>
                {index === 0 ? <b>{part}</b> : part}
                <i>·</i>
              </Fragment>
            ))}
            {report.engine === "embedded" ? "embedded" : engineName(report.engine)}
          </>
        ) : (
          <span className="none">{over ? "Over the limit" : "No estimate"}</span>
        )}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="wb-pop wb-epop" align="end" sideOffset={4} aria-label="Estimate">
          {report ? (
            <>
              <h2>{foreseen(report)[0]} before it runs</h2>
              <p className="sub">
                {report.bytes === undefined
                  ? "Only a run tells what this engine reads"
                  : report.exact
                    ? "Exact, from the metadata of the files that match"
                    : "An estimate: not all files say what their columns weigh"}
              </p>
              {report.usd !== undefined && <Scans tables={report.tables} price={report.usd} />}
              <p className="wb-why">
                <Cpu size={14} />
                <span>
                  Runs on {report.engine === "embedded" ? "the embedded engine" : engineName(report.engine)}:{" "}
                  {report.route_reason}.
                </span>
              </p>
            </>
          ) : (
            <>
              <h2>{over ? "This run is over the limit" : "No estimate"}</h2>
              <p className="sub">{error ? error.message : "There is no statement under the cursor."}</p>
              {error?.hint ? <p className="sub">{error.hint}</p> : null}
            </>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** Size and price, as far as they are known. */
const foreseen = ({ bytes: size, usd: price }: EstimateReport): string[] =>
  size === undefined || price === undefined ? ["Size unknown"] : [bytes(size), usd(price)];

function Scans({ tables, price }: { tables: readonly TableEstimate[]; price: string }) {
  return (
    <table className="wb-etb">
      <thead>
        <tr>
          <th scope="col">Table and columns</th>
          <th scope="col" className="r">
            Partitions
          </th>
          <th scope="col" className="r">
            Row groups
          </th>
          <th scope="col" className="r">
            Bytes
          </th>
        </tr>
      </thead>
      <tbody>
        {tables.map((table, index) => (
          <TableRows key={`${index} ${table.table}`} table={table} />
        ))}
        <tr className="tot">
          <td colSpan={3}>Price</td>
          <td className="r">{usd(price)}</td>
        </tr>
      </tbody>
    </table>
  );
}

const of = (part: number, whole: number | undefined) =>
  whole === undefined ? count(part) : `${count(part)} of ${count(whole)}`;

function TableRows({ table }: { table: TableEstimate }) {
  const largest = [...table.columns].sort((a, b) => b.bytes - a.bytes);
  const shown = largest.slice(0, 6);
  const rest = largest.slice(6);
  return (
    <>
      <tr>
        <td className="mono">{[table.database, table.table].filter(Boolean).join(".")}</td>
        <td className="r">{of(table.partitions, table.partitions_total)}</td>
        <td className="r">{of(table.row_groups, table.row_groups_total)}</td>
        <td className="r">{bytes(table.bytes)}</td>
      </tr>
      {shown.map((column) => (
        <tr key={column.name} className="d">
          <td colSpan={3}>{column.name}</td>
          <td className="r">{bytes(column.bytes)}</td>
        </tr>
      ))}
      {rest.length > 0 ? (
        <tr className="d">
          <td colSpan={3}>{rest.length} more columns</td>
          <td className="r">{bytes(rest.reduce((sum, column) => sum + column.bytes, 0))}</td>
        </tr>
      ) : null}
    </>
  );
}
