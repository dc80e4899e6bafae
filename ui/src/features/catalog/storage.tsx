import type { Table } from "@/api/types";
import { SectionHead } from "@/ui/page";

/** Where the table lies and how it is written. */
export const Storage = ({ table }: { table: Table }) => (
  <section>
    <SectionHead title="Storage" note={table.format_text ?? table.format} />
    <p className="font-mono text-small break-all text-ink-2">{table.location}</p>
  </section>
);
