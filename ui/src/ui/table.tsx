import type { ComponentProps, ReactNode } from "react";
import { cx } from "@/lib/cx";

/**
 * A table to read: head 12/500, rows 32 px with hairlines, numbers at the right edge. `plain` says that nothing in it takes
 * the focus: then the table does, to be scrolled by keys.
 */
export function Table({ plain, className, children, ...rest }: ComponentProps<"table"> & { plain?: boolean }) {
  return (
    <div
      className="overflow-x-auto"
      {...(plain ? { tabIndex: 0, role: "group", "aria-label": rest["aria-label"] } : {})}
    >
      <table {...rest} className={cx("w-full border-collapse tabular-nums", className)}>
        {children}
      </table>
    </div>
  );
}

export function Th({ right, className, children, ...rest }: ComponentProps<"th"> & { right?: boolean }) {
  return (
    <th
      scope="col"
      {...rest}
      className={cx(
        "border-b border-line-2 pr-3 pb-1.75 text-small font-medium whitespace-nowrap text-ink-3 last:pr-0",
        right ? "text-right" : "text-left",
        className,
      )}
    >
      {children}
    </th>
  );
}

export function Td({
  right,
  tall,
  className,
  children,
  ...rest
}: ComponentProps<"td"> & { right?: boolean; tall?: boolean }) {
  return (
    <td
      {...rest}
      className={cx(
        "border-b border-line pr-3 whitespace-nowrap last:pr-0",
        tall ? "h-10" : "h-8 max-phone:h-10",
        right && "text-right",
        className,
      )}
    >
      {children}
    </td>
  );
}

/** NULL, told apart from an empty string. */
export const Null = (): ReactNode => <i className="text-small text-ink-3">null</i>;

/** The head of a column of menus. */
export const ActionsTh = () => (
  <Th>
    <span className="sr-only">Actions</span>
  </Th>
);
