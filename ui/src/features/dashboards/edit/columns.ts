import type { ChartDefinition, Column } from "@/api/types";
import { isNumeric, isTemporal, suggestSpec, type ChartType } from "@/viz";
import { FIELDS, type Field } from "./kinds";

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

/** A specification of another type that keeps what both types share and fills the rest from the columns. */
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
      const list = (Array.isArray(old) ? old : typeof old === "string" ? [old] : []).filter(
        (v): v is string => typeof v === "string",
      );
      if (list.length) next[field.key] = list;
      else if (main && field.wants === "number") next[field.key] = [main];
      else if (!field.optional)
        next[field.key] = columns
          .filter((c) => fits(field, c))
          .slice(0, 1)
          .map((c) => c.name);
      continue;
    }
    if (typeof old === "string") next[field.key] = old;
    else if (main && field.wants === "number" && !field.optional && !taken.has(main)) next[field.key] = main;
    else if (!field.optional) next[field.key] = choices(field, columns).find((c) => !taken.has(c.name))?.name ?? "";
    if (typeof next[field.key] === "string") taken.add(next[field.key] as string);
  }
  if (type === "heatmap") {
    next["x"] ??= columns.find((c) => c.name !== next["y"] && !isNumeric(c.type))?.name ?? "";
    next["value"] ??= columns.find((c) => isNumeric(c.type))?.name ?? "";
    next["scale"] = "sequential";
  }
  return next;
}
