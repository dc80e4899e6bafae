import { Link } from "@tanstack/react-router";
import { FileCode, LayoutDashboard } from "lucide-react";
import type { Listed } from "@/api/types";
import { changed } from "@/lib/format";
import { useNow } from "@/lib/now";
import { Icon } from "@/ui/icon";
import { StarButton } from "./star-button";
import { useStar } from "./use-star";

/** Saved things as rows of one line: star, name, where it belongs, when it changed. */
export function SavedList({ items, label }: { items: readonly Listed[]; label: string }) {
  const now = useNow();
  const starDashboard = useStar("dashboards");
  const starQuery = useStar("queries");
  return (
    <ul aria-label={label} className="border-t border-line">
      {items.map((item) => {
        const board = item.kind === "dashboard";
        const toggle = () => (board ? starDashboard : starQuery)({ id: item.id, starred: !item.starred });
        return (
          <li
            key={item.id}
            className="group flex h-9 items-center gap-2.5 border-b border-line hover:bg-sunken max-phone:h-11"
          >
            <Icon as={board ? LayoutDashboard : FileCode} className="text-ink-3" />
            {board ? (
              <Link to="/d/$slug" params={{ slug: item.slug }} className="truncate font-medium hover:underline">
                {item.title}
              </Link>
            ) : (
              <Link to="/sql/$id" params={{ id: item.id }} className="truncate font-medium hover:underline">
                {item.title}
              </Link>
            )}
            <span className="truncate text-small text-ink-3 max-phone:hidden">
              {item.collection ?? item.owner.name}
            </span>
            <span className="ml-auto flex flex-none items-center gap-2 text-small text-ink-3 tabular-nums">
              <StarButton title={item.title} starred={item.starred} onToggle={toggle} />
              <span className="w-20 text-right max-phone:hidden">{changed(item.updated_at, now)}</span>
            </span>
          </li>
        );
      })}
    </ul>
  );
}
