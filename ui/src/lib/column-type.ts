/** What kind of values a Trino type holds, for icons and alignment. */
export type TypeKind = "number" | "text" | "time" | "boolean" | "nested";

export function typeKind(type: string): TypeKind {
  const name = type.toLowerCase().replace(/\(.*$/, "").trim();
  if (/^(tinyint|smallint|integer|int|bigint|real|float|double|decimal)$/.test(name)) return "number";
  if (/^(date|time|timestamp)/.test(name)) return "time";
  if (name === "boolean") return "boolean";
  if (/^(array|map|row|json)$/.test(name)) return "nested";
  return "text";
}

/** A value of a result as text; `null` stays the caller's to show. */
export function cellText(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}
