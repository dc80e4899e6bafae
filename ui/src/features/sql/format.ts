import type { Waiting } from "@/api/types";

/** 12.4 MB in decimal units, three figures; the unit is always there. */
export function bytes(value: number): string {
  for (const [limit, unit] of [
    [1e12, "TB"],
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
  ] as const) {
    if (value >= limit * 0.9995) {
      const scaled = value / limit;
      return `${scaled >= 99.95 ? scaled.toFixed(0) : scaled >= 9.995 || unit === "kB" ? scaled.toFixed(1) : scaled.toFixed(2)} ${unit}`;
    }
  }
  return `${value} B`;
}

/** Money as the server writes it, shortened to what matters: $0.00006, $9.20. */
export function usd(value: string): string {
  const amount = Number(value);
  if (!Number.isFinite(amount)) return `$${value}`;
  if (amount === 0) return "$0";
  if (amount >= 0.995) return `$${amount.toFixed(2)}`;
  if (amount < 0.00001) return "< $0.00001";
  return `$${amount.toFixed(Math.min(5, 1 - Math.floor(Math.log10(amount))))}`;
}

export function seconds(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 3 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
}

export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

const ENGINES = {
  auto: "Auto",
  embedded: "Embedded",
  athena: "Athena",
  trino: "Trino",
  postgres: "PostgreSQL",
} as const;

export function engineName(engine: keyof typeof ENGINES): string {
  return ENGINES[engine];
}

/** Where a queued run stands; in Athena's queue others may be in front of it, too. */
export function place({ at, before }: Waiting): string {
  const where = at === "athena" ? "Waiting at Athena" : "Waiting";
  return before === 0 && at === "lakefront" ? `${where}, next in line` : `${where}, ${count(before)} before it`;
}

export function plural(value: number, one: string, many: string): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
