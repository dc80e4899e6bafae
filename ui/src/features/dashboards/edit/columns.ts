import type { ChartDefinition, Column } from "@/api/types";
import { isNumeric, isTemporal, suggestSpec, type ChartType } from "@/viz";
import { fieldsOf, FIELDS, isNeeded, type Field } from "./kinds";

const fits = (field: Field, column: Column): boolean =>
  field.wants === "any" ||
  (field.wants === "number"
    ? isNumeric(column.type)
    : field.wants === "time"
      ? isTemporal(column.type)
      : !isNumeric(column.type) && !isTemporal(column.type));

/** Columns for a choice, those that fit first. */
export const choices = (field: Field, columns: readonly Column[]): Column[] => [
  ...columns.filter((c) => fits(field, c)),
  ...columns.filter((c) => !fits(field, c)),
];

/** The parts of a chart that need a column and were never given one. A list that somebody emptied is a choice. */
const open = (chart: ChartDefinition): Field[] =>
  fieldsOf(chart).filter((field) => isNeeded(field, chart) && (chart[field.key] ?? "") === "");

export const isComplete = (chart: ChartDefinition): boolean => open(chart).length === 0;

/**
 * A chart with a column for each part that needs one and has none: the first that fits and that nothing else draws, else the
 * first that is there. What it is before the columns are known stays open, and so follows the statement.
 */
export function complete(chart: ChartDefinition, columns: readonly Column[]): ChartDefinition {
  if (isComplete(chart)) return chart;
  const next = { ...chart };
  const taken = new Set(fieldsOf(chart).flatMap((field) => chart[field.key] ?? []));
  const isFree = (column: Column): boolean => !taken.has(column.name);
  const choose = (field: Field, column: Column | undefined): void => {
    if (!column) return;
    next[field.key] = field.many ? [column.name] : column.name;
    taken.add(column.name);
  };
  for (const field of open(chart))
    choose(
      field,
      columns.find((c) => fits(field, c) && isFree(c)),
    );
  for (const field of open(next)) choose(field, columns.find(isFree) ?? choices(field, columns)[0]);
  return next;
}

/** A specification of another type that keeps what both types share; the rest is open. */
export function retype(before: ChartDefinition, type: ChartType, columns: readonly Column[]): ChartDefinition {
  if (before.type === type) return before;
  const suggested = suggestSpec(columns);
  if (before.type === "" && suggested.type === type) return { ...suggested };
  const next: ChartDefinition = { type };
  for (const name of ["style", "digits"]) if (before[name] !== undefined) next[name] = before[name];
  const taken = new Set<string>();
  const main = ["median", "value", "load"].map((key) => before[key]).find((v): v is string => typeof v === "string");
  for (const field of FIELDS[type]) {
    const old = before[field.key];
    if (field.many) {
      const list = (Array.isArray(old) ? old : [old]).filter((v): v is string => typeof v === "string" && v !== "");
      if (list.length) next[field.key] = list;
      else if (main && field.wants === "number") next[field.key] = [main];
      continue;
    }
    if (typeof old === "string") next[field.key] = old;
    else if (main && field.wants === "number" && isNeeded(field, next) && !taken.has(main)) next[field.key] = main;
    if (typeof next[field.key] === "string") taken.add(next[field.key] as string);
  }
  if (type === "heatmap") next["scale"] = "sequential";
  return next;
}
