/** Joins class names; falsy parts are left out. */
export function cx(...parts: (string | false | null | undefined)[]): string {
  let names = "";
  for (const part of parts) if (part) names += names ? ` ${part}` : part;
  return names;
}
