import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ChevronDown, ChevronRight, ChevronsUpDown, Database, RefreshCw, Table2 } from "lucide-react";
import { useRef, useState, type KeyboardEvent } from "react";
import type { CatalogSummary } from "@/api/types";
import { refreshCatalog } from "@/api/writes";
import { cx } from "@/lib/cx";
import { useHotkey } from "@/lib/hotkeys";
import { buttonClass, IconButton } from "@/ui/button";
import { Failure } from "@/ui/failure";
import { SearchField } from "@/ui/field";
import { Icon } from "@/ui/icon";
import { Menu } from "@/ui/menu";
import { SkeletonRows } from "@/ui/skeleton";
import { TypeMark } from "@/ui/type-mark";
import { useIsAdmin } from "@/ui/use-role";
import { databaseId, tableId, useNodes, type Node } from "./nodes";

interface Selection {
  database?: string;
  table?: string;
}

/** Catalog, databases, tables and columns at the left of the page. */
export function CatalogTree(props: {
  catalogs: readonly CatalogSummary[];
  catalog: string;
  selected: Selection;
  onCatalog: (name: string) => void;
  className?: string;
}) {
  const { catalogs, catalog, selected, onCatalog, className } = props;
  const client = useQueryClient();
  const isAdmin = useIsAdmin();
  // Administrators have the server list the files again; others read again what it knows.
  const refresh = useMutation({
    mutationFn: async () => (isAdmin ? refreshCatalog(catalog) : undefined),
    onSettled: () => client.invalidateQueries({ queryKey: ["catalogs"] }),
  });
  const aside = useRef<HTMLElement>(null);
  const [search, setSearch] = useState("");
  useHotkey("/", () => aside.current?.querySelector<HTMLElement>("input")?.focus());
  return (
    <aside
      ref={aside}
      aria-label="Catalog"
      className={cx("flex w-68 flex-none flex-col border-r border-line bg-sunken pt-2.5 pr-2.5 pl-3", className)}
    >
      <div className="mb-2 flex items-center gap-0.5">
        <Menu
          label="Catalogs"
          align="start"
          entries={catalogs.map(({ name }) => ({
            label: name,
            checked: name === catalog,
            onSelect: () => onCatalog(name),
          }))}
          trigger={
            <button
              type="button"
              className={buttonClass("ghost", "md", "mr-auto max-w-44 px-1.5! font-strong! text-ink!")}
            >
              <Icon as={Database} size={14} className="text-ink-3" />
              <span className="truncate">{catalog}</span>
              <Icon as={ChevronsUpDown} size={14} className="text-ink-3" />
            </button>
          }
        />
        <IconButton
          icon={RefreshCw}
          size="sm"
          label="Refresh catalog"
          disabled={refresh.isPending}
          onClick={() => refresh.mutate()}
        />
      </div>
      <SearchField
        outlined
        keys="/"
        label="Find a table"
        className="mb-2"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <Tree key={catalog} catalog={catalog} selected={selected} search={search.trim()} />
    </aside>
  );
}

function Tree({ catalog, selected, search }: { catalog: string; selected: Selection; search: string }) {
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(
    () => new Map(idsOf(selected).map((id) => [id, true])),
  );
  const [focused, setFocused] = useState<string | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const navigate = useNavigate();
  const { nodes, isPending, error, refetch } = useNodes(catalog, chosen, search);
  // The first view comes as a whole; later, what a person opens comes in its own time.
  const [settled, setSettled] = useState(false);
  if (!isPending && !settled) setSettled(true);
  const stops = nodes.filter((node) => node.kind !== "note");
  const current =
    stops.find((node) => node.id === focused) ?? stops.find((node) => isSelected(node, selected)) ?? stops[0];

  const toggle = (node: Node, open = !node.open) => setChosen((before) => new Map(before).set(node.id, open));
  const focus = (node: Node | undefined) => {
    if (!node) return;
    setFocused(node.id);
    list.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(node.id)}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (!current) return;
    const at = stops.indexOf(current);
    const acts: Record<string, () => void> = {
      ArrowDown: () => focus(stops[at + 1]),
      ArrowUp: () => focus(stops[at - 1]),
      Home: () => focus(stops[0]),
      End: () => focus(stops.at(-1)),
      ArrowRight: () => (current.open === false ? toggle(current, true) : focus(stops[at + 1])),
      ArrowLeft: () =>
        current.open && !search
          ? toggle(current, false)
          : focus(stops.slice(0, at).findLast((node) => node.level < current.level)),
      Enter: () => {
        if (current.kind === "database") toggle(current);
        else if (current.table) {
          void navigate({
            to: "/data/$catalog/$database/$table",
            params: { catalog, database: current.database, table: current.table },
          });
        }
      },
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };

  if (error) return <Failure error={error} what="The catalog" onRetry={() => void refetch()} />;
  if (!settled) return <SkeletonRows rows={8} height={26} label="Reading the catalog" />;
  if (nodes.length === 0)
    return <p className="px-1.5 py-2 text-ink-2">{search ? "No table is called so." : "No databases."}</p>;
  return (
    <ul
      ref={list}
      role="tree"
      aria-label={`Tables of ${catalog}`}
      onKeyDown={onKeyDown}
      className="min-h-0 flex-1 overflow-y-auto pb-3"
    >
      {nodes.map((node) => (
        <Row
          key={node.id}
          node={node}
          catalog={catalog}
          selected={isSelected(node, selected)}
          tabStop={node === current}
          onFocus={() => setFocused(node.id)}
          onToggle={() => toggle(node)}
        />
      ))}
    </ul>
  );
}

function Row(props: {
  node: Node;
  catalog: string;
  selected: boolean;
  tabStop: boolean;
  onFocus: () => void;
  onToggle: () => void;
}) {
  const { node, catalog, selected, tabStop, onFocus, onToggle } = props;
  const label = (
    <>
      {node.kind === "database" && <Icon as={Database} size={14} className="text-ink-3" />}
      {node.kind === "table" && <Icon as={Table2} size={14} className="text-ink-3" />}
      {node.kind === "column" && <TypeMark type={node.type ?? ""} partition={node.partition} />}
      <span
        className={cx(
          "flex-auto truncate",
          node.kind === "column" && "font-mono text-small",
          selected && "font-strong",
        )}
      >
        {node.label}
      </span>
      {node.aside && (
        // A column's name is cut only where its type has gone.
        <span
          className={cx(
            "text-ink-3 tabular-nums",
            node.kind === "column" ? "shrink-[9999] truncate font-mono text-micro" : "text-small",
          )}
        >
          {node.aside}
        </span>
      )}
    </>
  );
  const inner = "flex min-w-0 flex-1 items-center gap-1.5 self-stretch text-left";
  return (
    <li
      role="treeitem"
      aria-level={node.level}
      aria-expanded={node.open}
      aria-selected={selected}
      aria-disabled={node.kind === "note" || undefined}
      data-node={node.id}
      title={node.type && `${node.label}, ${node.type}`}
      tabIndex={tabStop ? 0 : -1}
      onFocus={onFocus}
      className={cx(
        "flex items-center gap-1.5 rounded-row pr-2 whitespace-nowrap max-phone:h-10!",
        node.level === 3 ? "h-6" : "h-6.5",
        { 1: "pl-1", 2: "pl-4", 3: "pl-6.5" }[node.level],
        selected ? "bg-active" : "hover:bg-hover",
        node.kind === "note" && "text-small text-ink-3",
      )}
    >
      <Twisty open={node.open} onToggle={onToggle} />
      {node.kind === "table" && node.table ? (
        <Link
          to="/data/$catalog/$database/$table"
          params={{ catalog, database: node.database, table: node.table }}
          tabIndex={-1}
          className={inner}
        >
          {label}
        </Link>
      ) : node.kind === "database" ? (
        <button type="button" tabIndex={-1} onClick={onToggle} className={inner}>
          {label}
        </button>
      ) : (
        <span className={inner}>{label}</span>
      )}
    </li>
  );
}

function Twisty({ open, onToggle }: { open: boolean | undefined; onToggle: () => void }) {
  if (open === undefined) return <span className="w-3.5 flex-none" />;
  return (
    <button type="button" tabIndex={-1} aria-hidden onClick={onToggle} className="flex-none self-stretch text-ink-3">
      <Icon as={open ? ChevronDown : ChevronRight} size={14} />
    </button>
  );
}

const isSelected = (node: Node, selected: Selection) =>
  node.kind === "table" && node.database === selected.database && node.table === selected.table;

/** The tree's parts that a selected table lies in, itself included. */
const idsOf = ({ database, table }: Selection): string[] =>
  database && table ? [databaseId(database), tableId(database, table)] : [];
