import { Braces, Calendar, FolderKey, ToggleLeft } from "lucide-react";
import { typeKind } from "@/lib/column-type";
import { Icon } from "./icon";

/** The little sign before a column's name: what its type is, or that files are partitioned by it. */
export function TypeMark({ type, partition }: { type: string; partition?: boolean }) {
  if (partition) return <Icon as={FolderKey} size={14} className="text-ink-3" />;
  const kind = typeKind(type);
  return (
    <span aria-hidden className="grid w-3.5 flex-none place-items-center font-mono text-micro font-medium text-ink-3">
      {kind === "number" ? (
        "#"
      ) : kind === "text" ? (
        "A"
      ) : (
        <Icon as={kind === "time" ? Calendar : kind === "boolean" ? ToggleLeft : Braces} size={12} />
      )}
    </span>
  );
}
