import type { ComponentProps } from "react";
import type { Search } from "@/api/filters";
import type { DashboardSearch } from "./use-dashboard-search";

/** A link to another state of the page: followed without loading it, unless a key asks for a new tab or window. */
export function SearchLink({
  search,
  to,
  children,
  ...rest
}: Omit<ComponentProps<"a">, "href" | "onClick"> & { search: DashboardSearch; to: Search }) {
  return (
    <a
      {...rest}
      href={search.href(to)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        search.go(to);
      }}
    >
      {children}
    </a>
  );
}
