import { CircleCheck, CircleSlash, CircleX, LoaderCircle, type LucideIcon } from "lucide-react";
import { Children, type ReactNode } from "react";
import { cx } from "@/lib/cx";
import { Icon } from "./icon";

/** The 32 px line under a result. Parts are divided by hairlines; figures go in `<b>`. */
export function StatusLine({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <div
      role="status"
      className={cx(
        "flex h-8 flex-none items-center overflow-x-auto border-t border-line px-4 text-small whitespace-nowrap text-ink-2 tabular-nums [scrollbar-width:none] [&_b]:font-strong [&_b]:text-ink",
        className,
      )}
    >
      {Children.toArray(children).map((part, i) => (
        <span key={i} className="flex-none">
          {i > 0 && <i className="mx-3 inline-block h-2.75 w-px bg-line-2 align-[-1px]" />}
          {part}
        </span>
      ))}
    </div>
  );
}

const STATES: Record<"done" | "running" | "failed" | "stopped", [LucideIcon, string]> = {
  done: [CircleCheck, "text-good"],
  running: [LoaderCircle, "text-ink-2"],
  failed: [CircleX, "text-bad"],
  stopped: [CircleSlash, "text-ink-2"],
};

/** The first part of a status line: state as icon and word. */
export function StateMark({ state, children }: { state: keyof typeof STATES; children: ReactNode }) {
  const [icon, tone] = STATES[state];
  return (
    <span className={cx("inline-flex items-center gap-1.5 font-medium", tone)}>
      <Icon as={icon} size={14} />
      {children}
    </span>
  );
}
