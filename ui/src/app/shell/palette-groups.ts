import { useQuery } from "@tanstack/react-query";
import {
  CircleDollarSign,
  CircleHelp,
  Database,
  FileCode,
  House,
  LayoutDashboard,
  Moon,
  Plug,
  Settings,
  SquareTerminal,
  Sun,
  Table2,
  UserRound,
  Users,
  type LucideIcon,
} from "lucide-react";
import { dashboards, everyTable, savedQueries } from "@/api/queries";
import { bytes, changed } from "@/lib/format";
import { find } from "@/lib/fuzzy";
import { stringifySearch } from "@/lib/search";
import { firstLook } from "@/lib/sql-text";
import { useNow } from "@/lib/now";
import { useTheme } from "@/ui/use-theme";
import { useIsAdmin } from "@/ui/use-role";

export interface Hit {
  id: string;
  icon: LucideIcon;
  title: string;
  note?: string;
  keys?: string;
  action: { href: string } | { run: () => void };
}

export interface HitGroup {
  title: string;
  hits: Hit[];
}

const MOST = 6;

/** Everything the palette knows that fits the text, best first, in the groups Open, Tables and Do. */
export function usePaletteGroups(text: string, { onKeys }: { onKeys: () => void }): HitGroup[] {
  const now = useNow();
  const { theme, setTheme } = useTheme();
  const boards = useQuery(dashboards()).data?.items ?? [];
  const queries = useQuery(savedQueries()).data?.items ?? [];
  const tables = useQuery(everyTable()).data ?? [];
  const isAdmin = useIsAdmin();
  const wanted = text.trim();

  const open: Hit[] = [
    ...boards.map((board) => ({
      id: `d-${board.id}`,
      icon: LayoutDashboard,
      title: board.title,
      note: board.collection ?? `Dashboard by ${board.owner.name}`,
      action: { href: `/d/${board.slug}` },
    })),
    ...queries.map((query) => ({
      id: `q-${query.id}`,
      icon: FileCode,
      title: query.title,
      note: `Query by ${query.owner.name}`,
      action: { href: `/sql/${query.id}` },
    })),
    { id: "p-home", icon: House, title: "Home", action: { href: "/" } },
    { id: "p-dashboards", icon: LayoutDashboard, title: "Dashboards", action: { href: "/dashboards" } },
    { id: "p-data", icon: Database, title: "Data", action: { href: "/data" } },
    { id: "p-costs", icon: CircleDollarSign, title: "Costs", action: { href: "/costs" } },
    ...(isAdmin
      ? [
          { id: "p-connections", icon: Plug, title: "Connections", action: { href: "/admin/connections" } },
          { id: "p-people", icon: UserRound, title: "People", action: { href: "/admin/people" } },
          { id: "p-groups", icon: Users, title: "Groups", action: { href: "/admin/groups" } },
        ]
      : []),
    { id: "p-settings", icon: Settings, title: "Settings", action: { href: "/settings" } },
  ];
  const known: Hit[] = tables.map((table) => ({
    id: `t-${table.catalog}-${table.database}-${table.name}`,
    icon: Table2,
    title: `${table.database}.${table.name}`,
    note: [table.bytes !== null && bytes(table.bytes), table.updated_at && changed(table.updated_at, now)]
      .filter(Boolean)
      .join(", "),
    action: { href: `/data/${table.catalog}/${table.database}/${table.name}` },
  }));
  const dark = theme === "dark" || (theme === "system" && document.documentElement.dataset["theme"] === "dark");
  const acts: Hit[] = [
    { id: "a-query", icon: SquareTerminal, title: "New query", action: { href: "/sql" } },
    ...(wanted
      ? tables.map((table) => ({
          id: `a-${table.catalog}-${table.database}-${table.name}`,
          icon: SquareTerminal,
          title: `New query on ${table.database}.${table.name}`,
          action: { href: `/sql${stringifySearch(firstLook({ ...table, table: table.name }))}` },
        }))
      : []),
    {
      id: "a-theme",
      icon: dark ? Sun : Moon,
      title: dark ? "Switch to the light theme" : "Switch to the dark theme",
      action: { run: () => setTheme(dark ? "light" : "dark") },
    },
    { id: "a-keys", icon: CircleHelp, title: "Show all keys", keys: "?", action: { run: onKeys } },
  ];
  return [
    { title: "Open", hits: best(open, wanted) },
    { title: "Tables", hits: best(known, wanted) },
    { title: "Do", hits: best(acts, wanted) },
  ].filter((group) => group.hits.length > 0);
}

function best(hits: Hit[], wanted: string): Hit[] {
  if (!wanted) return hits.slice(0, MOST);
  return hits
    .map((hit) => ({ hit, found: find(hit.title, wanted) }))
    .flatMap(({ hit, found }) => (found ? [{ hit, rank: found.rank }] : []))
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .map(({ hit }) => hit);
}
