import { cx } from "@/lib/cx";

/** What floats above the page. */
export const surface = (className?: string) =>
  cx("z-30 rounded-3 bg-raised shadow-pop outline-none", "data-[state=open]:animate-pop", className);
