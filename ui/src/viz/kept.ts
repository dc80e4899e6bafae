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
 * server's picture is kept and nothing is laid out; the first change of `key` draws. `make` must be the same function always.
 */
export function useKept<K extends object>(key: K, make: (key: K) => string): string {
  const hydrating = useHydrating();
  const [first] = useState(() => (!import.meta.env.SSR && hydrating ? key : null));
  const keep = first === key;
  return useMemo(() => (keep ? "" : make(key)), [keep, make, key]);
}
