/** Search parameters as plain text: a name that repeats is a list, nothing is parsed as JSON. */
export type SearchParams = Record<string, string | string[]>;

export function parseSearch(text: string): SearchParams {
  const out: SearchParams = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const before = out[name];
    if (before === undefined) out[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else out[name] = [before, value];
  }
  return out;
}

/** The inverse of `parseSearch`, with a leading `?` unless empty; `undefined`, `null` and empty lists are left out. */
export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null && each !== "") params.append(name, String(each));
    }
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}
