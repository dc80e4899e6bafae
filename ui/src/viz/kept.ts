import { useRef, useSyncExternalStore } from "react";

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
 * server's picture is kept and nothing is laid out; the first change of `key` draws.
 */
export function useKept(key: unknown, make: () => string): string {
  const hydrating = useHydrating();
  const kept = useRef<{ key: unknown } | null>(!import.meta.env.SSR && hydrating ? { key } : null);
  const made = useRef<{ key: unknown; html: string } | null>(null);
  if (kept.current?.key === key) return "";
  kept.current = null;
  const before = made.current;
  if (before && before.key === key) return before.html;
  const html = make();
  made.current = { key, html };
  return html;
}
