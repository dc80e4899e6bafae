import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

/** A small filled word, 18 px high. */
export function Chip({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <span
      className={cx(
        "inline-flex h-4.5 items-center gap-1 rounded-1 bg-active px-1.5 text-small whitespace-nowrap",
        className,
      )}
    >
      {children}
    </span>
  );
}
