import { TriangleAlert } from "lucide-react";
import { ago, dateTime } from "@/lib/format";
import { useNow } from "@/lib/now";
import { cx } from "@/lib/cx";
import { Icon } from "./icon";

/** How old the data is. `stale` says that newer data should have come, in words. */
export function LiveMark({ asOf, stale, className }: { asOf: string | null; stale?: string; className?: string }) {
  const now = useNow();
  if (!asOf) return null;
  return (
    <span
      title="New files arrive by themselves; this page follows them"
      className={cx(
        "mr-1.5 inline-flex items-center gap-2 whitespace-nowrap tabular-nums",
        stale ? "text-warn" : "text-ink-2",
        className,
      )}
    >
      {stale ? (
        <Icon as={TriangleAlert} size={14} />
      ) : (
        <i className="size-1.75 rounded-full bg-good shadow-[0_0_0_3px_var(--good-tint)]" />
      )}
      <span>Data as of {dateTime(asOf)}</span>
      <span className="text-ink-3 max-phone:hidden">{stale ?? ago(asOf, now)}</span>
    </span>
  );
}
