import { Calendar, ChevronDown, ChevronRight, Link2, RotateCcw } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type FormEvent, type ReactNode } from "react";
import { parametersOf, rangeNames } from "@/api/filters";
import { useHydrating } from "@/lib/hydrating";
import { useHotkey } from "@/lib/hotkeys";
import { cx } from "@/lib/cx";
import { IconButton, iconButtonClass } from "@/ui/button";
import { Icon, iconHtml } from "@/ui/icon";
import { esc } from "@/viz/marks";
import { DatePicker } from "./date-picker";
import { rangeLength } from "./dates";
import type { DashboardData, DashboardDefinition, Filter } from "./definition";
import { FilterPicker } from "./filter-picker";
import { boundsOf, chosen, chosenRange, optionsOf, summary, type Options } from "./options";
import { SearchLink } from "./search-link";
import type { DashboardSearch } from "./use-dashboard-search";
import { ValuePicker } from "./value-picker";

/**
 * All filters as one GET form. Each is a `<details>` that opens and applies without a script; with one, opening closes the
 * others, choices say what they leave, and applying changes the URL without loading the page.
 */
export function FilterBar({
  definition,
  data,
  search,
}: {
  definition: DashboardDefinition;
  data: DashboardData | undefined;
  search: DashboardSearch;
}) {
  const form = useRef<HTMLFormElement>(null);
  const filters = definition.filters as Filter[];
  const options = useOptions(filters, data);
  useClosing(form);
  useHotkey("f", () => {
    const first = form.current?.querySelector<HTMLDetailsElement>("details");
    if (!first) return;
    first.open = true;
    first.querySelector<HTMLElement>("input")?.focus();
  });
  if (filters.length === 0) return <div className="h-7" />;
  const cascade = filters.filter((f) => f.cascade);
  const leaf = cascade.at(-1);
  const onSubmit = (event: FormEvent): void => {
    event.preventDefault();
    if (!form.current) return;
    const entered = new FormData(form.current);
    const patch: Record<string, string | string[] | undefined> = {};
    for (const filter of filters) {
      if (filter.type === "list") patch[filter.id] = entered.getAll(filter.id).map(String);
      else for (const name of parametersOf(filter)) patch[name] = String(entered.get(name) ?? "") || undefined;
      if (filter.type === "date_range") inOrder(patch, rangeNames(filter));
    }
    for (const open of form.current.querySelectorAll<HTMLDetailsElement>("details[open]")) open.open = false;
    search.go(search.change(patch));
  };
  const picker = (filter: Filter, i: number): ReactNode => {
    const above = filter.cascade ? cascade[cascade.indexOf(filter) - 1] : undefined;
    const names = above ? options.names.get(above.id) : undefined;
    return (
      <Segment
        key={filter.id}
        filter={filter}
        search={search}
        options={options.by.get(filter.id) ?? null}
        bounds={boundsOf(filter, options.data)}
        parents={names ?? NO_NAMES}
        leaf={filter.cascade ? leaf : undefined}
        first={i === 0}
      />
    );
  };
  return (
    <form
      ref={form}
      className="ld-fb"
      method="get"
      action={search.path}
      role="search"
      aria-label="Filters"
      onSubmit={onSubmit}
    >
      {typeof search.search["tab"] === "string" && <input type="hidden" name="tab" value={search.search["tab"]} />}
      {cascade.length > 0 && <div className="ld-casc">{cascade.map(picker)}</div>}
      {filters.filter((f) => !f.cascade).map((f) => picker(f, 0))}
      <span className="ml-auto" />
      <span className="ld-utc" title="All days and times count in UTC">
        UTC
      </span>
      <CopyLink />
      <SearchLink
        search={search}
        to={search.cleared()}
        className={iconButtonClass()}
        aria-label="Reset filters"
        title="Reset filters"
        dangerouslySetInnerHTML={{ __html: iconHtml(RotateCcw) }}
      />
    </form>
  );
}
/** A range from a later day to an earlier one is meant the other way round. */
function inOrder(patch: Record<string, string | string[] | undefined>, [from, to]: [string, string]): void {
  const [first, last] = [patch[from], patch[to]];
  if (typeof first === "string" && typeof last === "string" && first > last) [patch[from], patch[to]] = [last, first];
}

const NO_NAMES: ReadonlyMap<string, string> = new Map();

function Segment(props: {
  filter: Filter;
  search: DashboardSearch;
  options: Options | null;
  bounds: { from: string; to: string } | null;
  parents: ReadonlyMap<string, string>;
  leaf: Filter | undefined;
  first: boolean;
}) {
  const { filter, search, options, bounds, parents, leaf, first } = props;
  const { text, on } = summary(filter, search.values, options, bounds);
  const range = chosenRange(filter, search.values);
  const length = rangeLength(range.from ?? bounds?.from, range.to ?? bounds?.to);
  const dates = filter.type === "date_range";
  // A browser with a script draws the panels once it is alive, and until then reads a thousand elements less. What is
  // chosen stays in the form all the same, should it be sent before.
  const hydrating = useHydrating();
  const picker = dates ? (
    <DatePicker filter={filter} bounds={bounds} {...range} />
  ) : filter.type !== "list" ? (
    <ValuePicker filter={filter} value={chosen(filter, search.values)[0] ?? ""} />
  ) : (
    <FilterPicker
      filter={filter}
      options={options}
      chosen={chosen(filter, search.values)}
      parents={parents}
      leaf={leaf}
    />
  );
  const head =
    (dates ? iconHtml(Calendar, 14, "text-ink-3") : "") +
    `<span class="l">${esc(filter.label)}</span><span class="v">${esc(text)}</span>` +
    (dates && length ? `<span class="${length.reversed ? "w" : "l"}">${length.text}</span>` : "") +
    (filter.cascade ? "" : iconHtml(ChevronDown, 14, "text-ink-3"));
  return (
    <>
      {filter.cascade && !first && <Icon as={ChevronRight} size={14} className="-mx-1 text-ink-3" />}
      <details className={cx(filter.cascade ? "ld-seg" : "ld-ctl", on && "on")} name="filter">
        {/* Its text is part of the markup. */}
        {/* oxlint-disable-next-line jsx-a11y/control-has-associated-label */}
        <summary suppressHydrationWarning dangerouslySetInnerHTML={{ __html: head }} />
        <div className="ld-pick" role="group" aria-label={filter.label}>
          {hydrating && !on ? <noscript>{picker}</noscript> : picker}
        </div>
      </details>
    </>
  );
}

/** Choices of every list filter; while a tab's data holds none, those last seen. */
function useOptions(filters: readonly Filter[], now: DashboardData | undefined) {
  const [seen, setSeen] = useState(now);
  const has = filters.some((f) => f.options_query && now?.queries[f.options_query]);
  if (has && seen !== now) setSeen(now);
  const data = has ? now : (seen ?? now);
  return useMemo(() => {
    const by = new Map<string, Options | null>(
      filters.map((f) => [f.id, f.type === "list" ? optionsOf(f, data) : null]),
    );
    // Of those that other filters hang on.
    const parents = filters.filter((f) => f.cascade).slice(0, -1);
    const names = new Map(
      parents.map(({ id }) => [id, new Map(by.get(id)?.list.map((o) => [o.value, o.label]))] as const),
    );
    return { by, names, data };
  }, [filters, data]);
}

/** Closes an open filter on Escape and on a click elsewhere. Marks the form as alive for what needs a script. */
function useClosing(form: { current: HTMLFormElement | null }) {
  useEffect(() => {
    const node = form.current;
    if (!node) return;
    node.setAttribute("data-live", "");
    const open = (): HTMLDetailsElement | null => node.querySelector("details[open]");
    const onPointer = (event: PointerEvent): void => {
      const now = open();
      if (now && event.target instanceof Node && !now.contains(event.target)) now.open = false;
    };
    const onKey = (event: KeyboardEvent): void => {
      const now = open();
      if (event.key !== "Escape" || !now) return;
      event.preventDefault();
      now.open = false;
      now.querySelector("summary")?.focus();
    };
    const onToggle = (event: Event): void => {
      const { target } = event;
      const typed = window.matchMedia("(pointer: fine)").matches;
      if (typed && target instanceof HTMLDetailsElement && target.open)
        target.querySelector<HTMLElement>("input[type=search], input[type=text]")?.focus();
    };
    // The event does not bubble.
    node.addEventListener("toggle", onToggle, true);
    document.addEventListener("pointerdown", onPointer);
    document.addEventListener("keydown", onKey);
    return () => {
      node.removeEventListener("toggle", onToggle, true);
      document.removeEventListener("pointerdown", onPointer);
      document.removeEventListener("keydown", onKey);
    };
  }, [form]);
}

function CopyLink() {
  const [done, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(window.location.href);
    setDone(true);
    setTimeout(() => setDone(false), 2000);
  };
  return (
    <>
      <IconButton icon={Link2} label="Copy link with these filters" className="ld-js" onClick={() => void copy()} />
      <span role="status" className="text-small text-ink-2 empty:hidden">
        {done ? "Copied" : ""}
      </span>
    </>
  );
}
