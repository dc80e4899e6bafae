import type { Budget, BudgetSubject } from "@/api/types";
import { bytes, usd } from "@/lib/format";

const UNITS: Record<string, number> = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, pb: 1e15 };

export interface Limit {
  limit_bytes: number | null;
  limit_usd: string | null;
}

/** `$5`, `12.50`, `500 MB`, `1.5tb`; `null` for what is no amount. A figure without a unit is dollars. */
export function parseLimit(text: string): Limit | null {
  const found = /^\s*(\$)?\s*(\d+(?:[.,]\d+)?)\s*([kmgtp]?b|usd)?\s*$/i.exec(text);
  if (!found) return null;
  const [, dollar, figure = "", unit] = found;
  const value = Number(figure.replace(",", "."));
  if (!(value > 0)) return null;
  const size = unit ? UNITS[unit.toLowerCase()] : undefined;
  if (size === undefined) return { limit_bytes: null, limit_usd: figure.replace(",", ".") };
  return dollar ? null : { limit_bytes: Math.round(value * size), limit_usd: null };
}

/** As `parseLimit` reads it. */
export const limitText = ({ limit_bytes, limit_usd }: Limit): string =>
  limit_bytes !== null ? bytes(limit_bytes) : limit_usd !== null ? usd(limit_usd) : "";

export function subjectText(subject: BudgetSubject, name: string | null): string {
  switch (subject.kind) {
    case "everyone":
      return "Everyone together";
    case "role":
      return `Each ${subject.role}`;
    case "catalog":
      return `Catalog ${subject.name}`;
    case "token":
      return `Token ${name ?? "that is gone"}`;
    case "group":
      return name ? `Group ${name}` : "A group that is gone";
    case "user":
      return name ?? "Someone who is gone";
  }
}

export const periodText = (period: Budget["period"]): string =>
  ({ run: "a run", day: "a day", month: "a month" })[period];

export interface Use {
  /** 0 to 1, and above where more is set aside than there is. */
  share: number;
  /** `3.1 GB of 10 GB`. */
  text: string;
}

/** How much of a budget is used: of two limits, the one that is nearer. `null` for limits of single runs. */
export function useOf(budget: Budget): Use | null {
  if (budget.period === "run") return null;
  const uses: Use[] = [];
  if (budget.limit_bytes !== null)
    uses.push({
      share: budget.spent_bytes / budget.limit_bytes,
      text: `${bytes(budget.spent_bytes)} of ${bytes(budget.limit_bytes)}`,
    });
  if (budget.limit_usd !== null)
    uses.push({
      share: Number(budget.spent_usd) / Number(budget.limit_usd),
      text: `${usd(budget.spent_usd)} of ${usd(budget.limit_usd)}`,
    });
  return uses.toSorted((a, b) => b.share - a.share)[0] ?? null;
}
