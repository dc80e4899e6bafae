import type { LucideIcon } from "lucide-react";
import { cx } from "@/lib/cx";

/** A line icon; small ones are drawn heavier so that all look of one weight. */
export function Icon({
  as: As,
  size = 16,
  className,
}: {
  as: LucideIcon;
  size?: 12 | 14 | 16 | 20;
  className?: string;
}) {
  return (
    <As size={size} strokeWidth={size <= 14 ? 2 : 1.75} className={cx("block flex-none", className)} aria-hidden />
  );
}
