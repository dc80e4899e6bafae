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
  let text = "";
  for (const [name, value] of Object.entries(search)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined && each !== null && each !== "")
        text += `${text ? "&" : "?"}${encode(name)}=${encode(String(each))}`;
    }
  }
  return text;
}

/** As `URLSearchParams` writes it, which takes the server's interpreter far longer: a page has hundreds of links. */
const encode = (text: string): string =>
  /^[\w.*-]*$/.test(text)
    ? text
    : encodeURIComponent(text.toWellFormed())
        .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
        .replaceAll("%20", "+");
