import type { Drawing, DrawOptions, Source } from "../drawing";
import { full, percent, value, weekdayNames } from "../format";
import { barSvg, esc, narrowClass } from "../marks";
import { extent, indexOf, toNumber, toStamp, toText } from "../read";
import { isNumeric, isTemporal, type Column, type Row, type TableColumn, type TableSpec } from "../spec";
import { more } from "./ranked";
import { changeBar, rangeBar, sparkLine } from "./spark";

const ARROW = {
  down: '<svg width="12" height="12" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="M12 5v14m7-7-7 7-7-7"/></svg>',
  up: '<svg width="12" height="12" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="m5 12 7-7 7 7m-7 7V5"/></svg>',
};
const WARN =
  '<svg width="12" height="12" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="m21.73 18-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3M12 9v4m0 4h.01"/></svg>';

interface Cell {
  head: string;
  right: boolean;
  column: string;
  hide: string;
  sorts: boolean;
  cls?: string;
  html: (row: Row, index: number) => string;
}

/** Rows as a table whose body is one string: thousands of React elements would cost more than all charts. */
export function table(spec: TableSpec, { columns, rows }: Source, options: DrawOptions): Drawing {
  const chosen: TableColumn[] = spec.columns ?? columns.map((c) => ({ column: c.name }));
  const sort =
    options.view?.sort ??
    (spec.sort ? { column: spec.sort.column, descending: spec.sort.descending ?? false } : undefined);
  const order = rows.map((_, i) => i);
  if (sort) {
    const at = indexOf(columns, sort.column);
    const numbers = isNumeric(columns[at]?.type ?? "");
    order.sort((a, b) => compare(rows[a]?.[at], rows[b]?.[at], numbers, sort.descending) || a - b);
  }
  const limit = spec.limit ?? 200;
  const shown = options.view?.all ? order : order.slice(0, limit);
  const cells = chosen.map((c, i) => cell(c, columns, rows, spec, i === 0, options));
  const head = cells
    .map((c) => {
      const on = sort !== undefined && c.sorts && sort.column === c.column;
      const cls = [c.right ? "r" : "", on ? "on" : "", c.cls, c.hide].filter(Boolean).join(" ");
      const aria = on ? ` aria-sort="${sort.descending ? "descending" : "ascending"}"` : "";
      const body = c.sorts
        ? `<button type="button" data-sort="${esc(c.column)}">${on ? (sort.descending ? ARROW.down : ARROW.up) : ""}${esc(c.head)}</button>`
        : esc(c.head);
      return `<th scope="col"${cls ? ` class="${cls}"` : ""}${aria}>${body}</th>`;
    })
    .join("");
  const body = shown.map((i) => `<tr>${cells.map((c) => c.html(rows[i] ?? [], i)).join("")}</tr>`).join("");
  return {
    html: `<div class="lv-scroll"><table class="lv-table"><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>${more(shown.length, rows.length)}`,
    legend: "",
    text: `A table of ${full(rows.length)} rows and ${full(chosen.length)} columns.`,
  };
}

function cell(
  c: TableColumn,
  columns: readonly Column[],
  rows: readonly Row[],
  spec: TableSpec,
  first: boolean,
  options: DrawOptions,
): Cell {
  const at = indexOf(columns, c.column);
  const type = columns[at]?.type ?? "";
  const kind = c.cell ?? (isNumeric(type) ? "number" : "text");
  const style = c.style ?? spec.style;
  const hide = c.from === undefined ? "" : narrowClass(c.from);
  const td = (body: string, cls = ""): string => {
    const all = cls && hide ? `${cls} ${hide}` : cls || hide;
    return all ? `<td class="${all}">${body}</td>` : `<td>${body}</td>`;
  };
  const base = { head: c.label ?? c.column, column: c.column, hide, sorts: true };
  const numbers = (i: number): (number | null)[] => rows.map((r) => toNumber(r[i]));
  switch (kind) {
    case "bar": {
      const most = Math.max(0, ...numbers(at).map((v) => Math.abs(v ?? 0)));
      return {
        ...base,
        right: true,
        html: (r) => {
          const v = toNumber(r[at]);
          return td(`${barSvg(most ? Math.abs(v ?? 0) / most : 0)}${esc(value(v, style, c.digits))}`, "inb");
        },
      };
    }
    case "range": {
      const [mi, hi] = [indexOf(columns, c.middle), indexOf(columns, c.high)];
      const shares = rows.flatMap((r) => {
        const m = toNumber(r[mi]);
        return m ? [(toNumber(r[at]) ?? m) / m, (toNumber(r[hi]) ?? m) / m] : [];
      });
      const [low, high] = extent(shares) ?? [0, 1];
      const room = (high - low) * 0.15;
      return {
        ...base,
        right: false,
        sorts: false,
        cls: "pl",
        html: (r) => {
          const [a, m, b] = [toNumber(r[at]), toNumber(r[mi]), toNumber(r[hi])];
          return td(a === null || !m || b === null ? "" : rangeBar(a / m, 1, b / m, [low - room, high + room]), "pl");
        },
      };
    }
    case "change": {
      const most = Math.max(0, ...numbers(at).map((v) => Math.abs(v ?? 0)));
      return {
        ...base,
        right: true,
        cls: "chg",
        html: (r) => {
          const v = toNumber(r[at]);
          const text =
            v === null ? "–" : style === "percent" ? percent(v, c.digits ?? 1, true) : full(v, c.digits, true);
          return td(`${esc(text)}${v === null ? "" : changeBar(v, most)}`, "chg");
        },
      };
    }
    case "spark": {
      const list = (c.columns ?? []).map((n) => indexOf(columns, n));
      return {
        ...base,
        right: false,
        sorts: false,
        html: (r) => {
          const own = r[at];
          const values = list.length ? list.map((i) => toNumber(r[i])) : Array.isArray(own) ? own.map(toNumber) : [];
          return td(sparkLine(values, { w: 88, h: 20, dot: false }));
        },
      };
    }
    case "peak": {
      const list = (c.columns ?? []).map((n) => ({ name: n, at: indexOf(columns, n) }));
      return {
        ...base,
        right: false,
        sorts: false,
        html: (r) => {
          let best: { name: string; v: number } | undefined;
          for (const l of list) {
            const v = toNumber(r[l.at]);
            if (v !== null && (!best || v > best.v)) best = { name: l.name, v };
          }
          return td(
            best ? esc(weekdayNames.find((w) => w.toLowerCase() === best.name.toLowerCase()) ?? best.name) : "",
          );
        },
      };
    }
    case "limit":
      return {
        ...base,
        right: true,
        html: (r) => {
          const v = toNumber(r[at]);
          // A load just over the limit must not read as the limit.
          const digits = v !== null && v > 1 && v < 1.005 ? 1 : c.digits;
          const text = esc(value(v, style, digits));
          return td(v !== null && v > 1 ? `<span class="bad">${WARN}${text}</span>` : text, "r");
        },
      };
    case "number": {
      const isId = /(^|_)id$/.test(c.column) && !c.style;
      return {
        ...base,
        right: true,
        html: (r) => {
          const raw = r[at];
          const v = toNumber(raw);
          return td(
            raw === null || raw === undefined
              ? "<i>null</i>"
              : esc(v === null ? toText(raw) : isId ? String(raw) : value(v, style, c.digits)),
            "r",
          );
        },
      };
    }
    default:
      return {
        ...base,
        right: false,
        html: (r, i) => {
          const raw = r[at];
          const text =
            raw === null || raw === undefined
              ? "<i>null</i>"
              : esc(isTemporal(type) ? toStamp(raw, type) : toText(raw));
          const href = first ? options.href?.(i) : undefined;
          return td(
            href ? `<a href="${esc(href)}" data-row="${i}">${text}</a>` : text,
            kind === "muted" ? "mut" : first ? "first" : "",
          );
        },
      };
  }
}

const none = (v: unknown): boolean => v === null || v === undefined;
function compare(a: unknown, b: unknown, numbers: boolean, descending: boolean): number {
  if (none(a) || none(b)) return none(a) === none(b) ? 0 : none(a) ? 1 : -1;
  const d = numbers
    ? (toNumber(a) ?? 0) - (toNumber(b) ?? 0)
    : toText(a) < toText(b)
      ? -1
      : toText(a) > toText(b)
        ? 1
        : 0;
  return descending ? -d : d;
}
