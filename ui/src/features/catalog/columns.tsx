import { FolderKey } from "lucide-react";
import { useState } from "react";
import type { TableColumn } from "@/api/types";
import { count } from "@/lib/format";
import { SearchField } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { SectionHead } from "@/ui/page";
import { Table, Td, Th } from "@/ui/table";

export function Columns({ columns, keys }: { columns: readonly TableColumn[]; keys: readonly TableColumn[] }) {
  const [text, setText] = useState("");
  const found = columns.filter((column) => column.name.toLowerCase().includes(text.trim().toLowerCase()));
  const isKey = new Set(keys.map((key) => key.name));
  const meanings = columns.some((column) => column.comment);
  return (
    <section className="min-w-0">
      <SectionHead
        title={count(columns.length, "column")}
        actions={
          <SearchField
            label="Find a column"
            className="w-45"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        }
      />
      <Table plain aria-label="Columns">
        <thead>
          <tr>
            <Th className={meanings ? undefined : "w-1/2"}>Column</Th>
            <Th>Type</Th>
            {meanings && <Th className="w-1/2">Meaning</Th>}
          </tr>
        </thead>
        <tbody>
          {found.map((column) => (
            <tr key={column.name} className="hover:bg-sunken">
              <Td tall>
                <span className="font-mono text-small font-medium">{column.name}</span>
                {isKey.has(column.name) && (
                  <span className="ml-2 inline-flex items-center gap-1 align-middle text-micro text-ink-3">
                    <Icon as={FolderKey} size={12} />
                    partition
                  </span>
                )}
              </Td>
              <Td tall className="min-w-37.5 font-mono text-small wrap-anywhere whitespace-normal! text-ink-3">
                {column.type}
              </Td>
              {meanings && (
                <Td tall className="min-w-37.5 text-small whitespace-normal! text-ink-2">
                  {column.comment}
                </Td>
              )}
            </tr>
          ))}
        </tbody>
      </Table>
      {found.length === 0 && <p className="mt-3 text-ink-2">No column is called so.</p>}
    </section>
  );
}
