import type { Table as TableInfo } from "@/api/types";
import { bytes, count, dateTime, full } from "@/lib/format";
import { SectionHead } from "@/ui/page";
import { Table, Td, Th } from "@/ui/table";

/** Where the data lies, file by file. */
export function Files({ table }: { table: TableInfo }) {
  const files = table.file_list ?? [];
  const counted = files.some((file) => file.rows !== null);
  return (
    <section>
      <SectionHead title={count(table.files, "file")} note={<span className="font-mono">{table.location}</span>} />
      {files.length > 0 && (
        <Table aria-label="Files">
          <thead>
            <tr>
              <Th className="w-full">Path</Th>
              {counted && <Th right>Rows</Th>}
              <Th right>Size</Th>
              <Th right className="max-phone:hidden">
                Changed
              </Th>
            </tr>
          </thead>
          <tbody>
            {files.map((file) => (
              <tr key={file.path} className="hover:bg-sunken">
                <Td className="max-w-0 truncate font-mono text-small">{file.path}</Td>
                {counted && <Td right>{file.rows === null ? "" : full(file.rows)}</Td>}
                <Td right className="pl-4">
                  {bytes(file.bytes)}
                </Td>
                <Td right className="pl-4 text-ink-2 max-phone:hidden">
                  {file.modified_at ? dateTime(file.modified_at) : ""}
                </Td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
      {files.length > 0 && files.length < table.files && (
        <p className="mt-2 text-small text-ink-3">
          The first {full(files.length)} of {full(table.files)} files.
        </p>
      )}
    </section>
  );
}
