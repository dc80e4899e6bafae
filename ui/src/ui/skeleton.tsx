import { cx } from "@/lib/cx";

/** A still grey shape of the size of what will come. */
export const Skeleton = ({ className }: { className?: string }) => (
  <span aria-hidden className={cx("block rounded-1 bg-hover noscript:hidden", className)} />
);

/** Rows of a list or table to come, at their final height. */
export function SkeletonRows({ rows, height = 32, label }: { rows: number; height?: number; label: string }) {
  return (
    <div role="status" aria-busy="true" aria-label={label}>
      <noscript>
        <p className="text-ink-2">{label} needs JavaScript, which is off in this browser.</p>
      </noscript>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="flex items-center gap-6 border-b border-line noscript:hidden" style={{ height }}>
          <Skeleton className={cx("h-2.5", ["w-44", "w-32", "w-52", "w-36"][i % 4])} />
          <Skeleton className="ml-auto h-2.5 w-16" />
        </div>
      ))}
    </div>
  );
}
