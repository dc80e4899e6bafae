import type { Drawing, DrawOptions, Source } from "../drawing";
import { full, parts, percent, value } from "../format";
import { esc } from "../marks";
import { indexOf, numbersOf } from "../read";
import type { NumberSpec } from "../spec";
import { sparkBars, sparkLine } from "./spark";

type Values = (number | null)[];

/** One figure, its line of context and a small picture of how it came about. */
export function number(spec: NumberSpec, { columns, rows }: Source, _options: DrawOptions): Drawing {
  const column = (name: string | undefined): Values | null => {
    const i = indexOf(columns, name);
    return i < 0 ? null : numbersOf(rows, i);
  };
  const values = column(spec.value) ?? [];
  const low = column(spec.low);
  const high = column(spec.high);
  const reduce = spec.reduce ?? (rows.length > 1 ? "sum" : "last");
  const bucket = Math.max(1, spec.bucket ?? 1);
  const picture = spark(spec, values, low, high, bucket);
  if (reduce === "change") return change(spec, values, picture);
  const v = reduced(values, reduce);
  const figure = low && high ? range(reduced(low, reduce), reduced(high, reduce), spec) : single(v, spec);
  let context = "";
  if (low && high) {
    const [a, b] = [reduced(low, reduce), reduced(high, reduce)];
    if (v && a !== null && b !== null)
      context = `${percent(a / v - 1, 0, true)} to ${percent(b / v - 1, 0, true)} of the median`;
  } else if (spec.per && v !== null) {
    const n = values.filter((x) => x !== null).length;
    context = `${value(reduce === "sum" && n ? v / n : v, spec.style, spec.digits)} ${spec.per}`;
  }
  const words =
    v === null
      ? "No value."
      : low && high && context
        ? `${context}.`
        : `${value(v, spec.style, spec.digits)}${context ? `, ${context}` : ""}.`;
  return { html: layout(figure, context, picture), legend: "", text: words };
}

function change(spec: NumberSpec, values: Values, picture: string): Drawing {
  const period = Math.max(1, spec.period ?? 7);
  const now = total(values.slice(-period));
  const before = values.length >= 2 * period ? total(values.slice(-2 * period, -period)) : null;
  if (now === null || !before)
    return {
      html: layout("<b>–</b>", `Needs ${2 * period} rows to compare`, ""),
      legend: "",
      text: "Too little data to compare.",
    };
  const by = now / before - 1;
  const up = now >= before;
  const words = `${up ? "Up" : "Down"} ${full(Math.abs(now - before), 0)}${spec.noun ? ` ${spec.noun}` : ""}`;
  const arrow = up ? "M7 7h10v10M7 17 17 7" : "m7 7 10 10M17 7v10H7";
  return {
    html: layout(
      `<b>${esc(percent(by, 1, true))}</b>`,
      words,
      picture,
      `<svg width="14" height="14" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="${arrow}"/></svg>`,
    ),
    legend: "",
    text: `${percent(by, 1, true)} against the ${period} before. ${words}.`,
  };
}

const layout = (figure: string, context: string, picture: string, icon = ""): string =>
  `<div class="lv-num"><div class="lv-nv">${figure}${picture ? `<span class="lv-nsp">${picture}</span>` : ""}</div><div class="lv-nc">${icon}${esc(context)}</div></div>`;

function single(v: number | null, spec: NumberSpec): string {
  if (v === null) return "<b>–</b>";
  if (spec.style === "percent") return `<b>${esc(percent(v, spec.digits ?? 1))}</b>`;
  if (spec.style === "number" || Math.abs(v) < 1e4) return `<b>${esc(full(v, spec.digits))}</b>`;
  const [figure, letter] = parts(v, 4);
  return `<b>${esc(figure)}<i>${letter}</i></b>`;
}
function range(low: number | null, high: number | null, { style, digits }: NumberSpec): string {
  if (low === null || high === null) return "<b>–</b>";
  const whole = style === "number" || style === "percent";
  const [a] = whole ? [value(low, style, digits)] : parts(low, 3, high);
  const [b, letter] = whole ? [value(high, style, digits), ""] : parts(high, 3);
  return `<b>${esc(a)}<em>–</em>${esc(b)}<i>${letter}</i></b>`;
}
function spark(spec: NumberSpec, values: Values, low: Values | null, high: Values | null, bucket: number): string {
  if (!spec.spark) return "";
  const by = (list: Values): Values => buckets(list, bucket);
  const steps = by(values);
  if (steps.length < 2) return "";
  if (spec.spark === "bars")
    return sparkBars(steps.slice(1).map((v, i) => (v === null || !steps[i] ? null : v / steps[i] - 1)));
  return spec.spark === "band" && low && high
    ? sparkLine(steps, { low: by(low), high: by(high), dot: false })
    : sparkLine(steps);
}
/** Sums of whole buckets, counted back from the last row. */
function buckets(list: Values, size: number): Values {
  if (size === 1) return list;
  const out: Values = [];
  for (let end = list.length; end >= size; end -= size) out.unshift(total(list.slice(end - size, end)));
  return out;
}
function total(list: Values): number | null {
  let sum: number | null = null;
  for (const v of list) if (v !== null) sum = (sum ?? 0) + v;
  return sum;
}
function reduced(list: Values, how: NonNullable<NumberSpec["reduce"]>): number | null {
  const there = list.filter((v): v is number => v !== null);
  if (there.length === 0) return null;
  if (how === "mean") return (total(there) ?? 0) / there.length;
  if (how === "min") return Math.min(...there);
  if (how === "max") return Math.max(...there);
  return how === "last" ? (there[there.length - 1] ?? null) : total(there);
}
