import { useMemo, useState, useSyncExternalStore } from "react";

const never = () => () => {};

/** True on the server and while the browser takes over its markup. */
const useHydrating = (): boolean =>
  useSyncExternalStore(
    never,
    () => false,
    () => true,
  );

/**
 * Markup for `dangerouslySetInnerHTML`, together with `suppressHydrationWarning`: when the browser takes over a page, the
 * server's picture is kept and nothing is laid out; the first change of `key` draws. `make` must be the same function
 * always; until there is one, the last picture stays.
 */
export function useKept<K extends object>(key: K, make: ((key: K) => string) | undefined): string {
  const hydrating = useHydrating();
  const [first] = useState(() => (!import.meta.env.SSR && hydrating ? key : null));
  const [last, setLast] = useState("");
  const keep = first === key;
  const html = useMemo(() => (keep || !make ? null : make(key)), [keep, make, key]);
  if (html !== null && html !== last) setLast(html);
  return html ?? last;
}
