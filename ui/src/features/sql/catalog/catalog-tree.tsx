import { useQueryClient } from "@tanstack/react-query";
import {
  Calendar,
  ChevronDown,
  ChevronRight,
  ChevronsUpDown,
  Database,
  FolderKey,
  RefreshCw,
  Search,
  Table2,
} from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import { useNodes, type Node } from "./use-nodes";

interface Props {
  catalog: string | null;
  catalogs: string[];
  database: string | null;
  onCatalog: (name: string) => void;
  onInsert: (text: string) => void;
}

export function CatalogTree({ catalog, catalogs, database, onCatalog, onInsert }: Props) {
  const client = useQueryClient();
  const [opened, setOpened] = useState<Record<string, boolean>>({});
  const [search, setSearch] = useState("");
  const [current, setCurrent] = useState<string | null>(null);
  const [refreshing, setRefreshing] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);

  useEffect(() => {
    const focusSearch = (event: globalThis.KeyboardEvent) => {
      const target = event.target as HTMLElement | null;
      const typing = target?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target?.tagName ?? "");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    window.addEventListener("keydown", focusSearch);
    return () => window.removeEventListener("keydown", focusSearch);
  }, []);

  const { nodes, problem } = useNodes({ catalog, database, opened, search: search.trim() });
  const selectable = nodes.filter((node) => node.kind !== "note");
  const at = selectable.findIndex((node) => node.id === current);
  const focused = selectable[Math.max(0, at)];

  const toggle = (node: Node, open: boolean) => setOpened((old) => ({ ...old, [node.id]: open }));
  const focusNode = (node: Node | undefined) => {
    if (!node) return;
    setCurrent(node.id);
    list.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(node.id)}"]`)?.focus();
  };
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const node = focused;
    if (!node || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Record<string, () => void> = {
      ArrowDown: () => focusNode(selectable[Math.min(selectable.length - 1, Math.max(0, at) + 1)]),
      ArrowUp: () => focusNode(selectable[Math.max(0, at - 1)]),
      Home: () => focusNode(selectable[0]),
      End: () => focusNode(selectable.at(-1)),
      ArrowRight: () =>
        node.open === false
          ? toggle(node, true)
          : focusNode(selectable[Math.min(selectable.length - 1, Math.max(0, at) + 1)]),
      ArrowLeft: () =>
        node.open
          ? toggle(node, false)
          : focusNode(selectable.slice(0, Math.max(0, at)).findLast((each) => each.level < node.level)),
      Enter: () => onInsert(node.text),
      " ": () => (node.open === undefined ? onInsert(node.text) : toggle(node, !node.open)),
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };

  const refresh = async () => {
    setRefreshing(true);
    await client.invalidateQueries({
      predicate: ({ queryKey }) => queryKey[0] === "catalogs" || queryKey[0] === "table",
    });
    setRefreshing(false);
  };

  return (
    <aside className="wb-side" aria-label="Catalog">
      <div className="wb-sidehead">
        <DropdownMenu.Root modal={false}>
          <DropdownMenu.Trigger className="wb-ctl wb-catalog">
            <Database size={14} />
            <span>{catalog ?? "No catalog"}</span>
            <ChevronsUpDown size={14} />
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content className="wb-menu" align="start" sideOffset={4}>
              <DropdownMenu.RadioGroup value={catalog ?? ""} onValueChange={onCatalog}>
                {catalogs.map((name) => (
                  <DropdownMenu.RadioItem key={name} value={name} className="wb-item">
                    {name}
                  </DropdownMenu.RadioItem>
                ))}
              </DropdownMenu.RadioGroup>
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
        <button
          type="button"
          className="wb-ib sm"
          aria-label="Refresh the catalog"
          title="Refresh the catalog"
          aria-busy={refreshing}
          onClick={() => void refresh()}
        >
          <RefreshCw size={16} strokeWidth={1.75} />
        </button>
      </div>
      <label className="wb-find">
        <Search size={14} />
        <input
          ref={field}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") setSearch("");
            if (event.key === "ArrowDown") {
              event.preventDefault();
              focusNode(selectable.find((node) => node.kind !== "database") ?? selectable[0]);
            }
          }}
          placeholder="Find a table or column"
          aria-label="Find a table or column"
        />
        <kbd>/</kbd>
      </label>
      {problem ? <p className="wb-note">{problem}</p> : null}
      {/* An empty tree has no items, which a tree must have. */}
      {nodes.length > 0 ? (
        <ul className="wb-tree" role="tree" aria-label="Tables" ref={list}>
          {nodes.map((node) => (
            <TreeRow
              key={node.id}
              node={node}
              focusable={node === focused}
              onKey={onKey}
              onFocus={() => setCurrent(node.id)}
              onToggle={() => toggle(node, !node.open)}
              onInsert={() => onInsert(node.text)}
            />
          ))}
        </ul>
      ) : null}
    </aside>
  );
}

function TreeRow({
  node,
  focusable,
  onKey,
  onFocus,
  onToggle,
  onInsert,
}: {
  node: Node;
  focusable: boolean;
  onKey: (event: KeyboardEvent<HTMLElement>) => void;
  onFocus: () => void;
  onToggle: () => void;
  onInsert: () => void;
}) {
  const column = node.level === 3;
  return (
    <li
      role="treeitem"
      aria-level={node.level}
      aria-expanded={node.open}
      aria-selected={false}
      aria-disabled={node.kind === "note" || undefined}
      tabIndex={focusable ? 0 : -1}
      data-node={node.id}
      className={`wb-tr l${node.level}${column ? " col" : ""}${node.kind === "note" ? " note" : ""}`}
      title={node.kind === "note" ? undefined : [`Insert ${node.text}`, node.type].filter(Boolean).join(", ")}
      onFocus={onFocus}
      onKeyDown={onKey}
      onClick={node.kind === "note" ? undefined : onInsert}
    >
      {node.open === undefined ? (
        <span className="tw" />
      ) : (
        <span
          className="tw"
          aria-hidden="true"
          onClick={(event) => {
            event.stopPropagation();
            onToggle();
          }}
        >
          {node.open ? <ChevronDown size={14} /> : <ChevronRight size={14} />}
        </span>
      )}
      <Glyph node={node} />
      <span className="tn">{node.label}</span>
      {node.note === undefined ? null : <span className={column ? "trr mono" : "trr"}>{node.note}</span>}
    </li>
  );
}

function Glyph({ node }: { node: Node }) {
  if (node.kind === "note") return null;
  if (node.kind === "database") return <Database size={14} />;
  if (node.kind === "table") return <Table2 size={14} />;
  if (node.kind === "partition") return <FolderKey size={14} aria-label="partition key" />;
  const type = node.type ?? "";
  if (/^(date|timestamp|time)/.test(type))
    return (
      <span className="ty">
        <Calendar size={12} />
      </span>
    );
  return (
    <span className="ty" aria-hidden="true">
      {/^(tinyint|smallint|integer|bigint|real|double|decimal)/.test(type)
        ? "#"
        : type.startsWith("boolean")
          ? "?"
          : /^(array|map|row|json)/.test(type)
            ? "{}"
            : "A"}
    </span>
  );
}
