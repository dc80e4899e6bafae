import { useMemo, useState } from "react";
import { useHydrating } from "@/lib/hydrating";
import type { Engine } from "./engine";
import { useEngine } from "./use-engine";

/**
 * Markup for `dangerouslySetInnerHTML`, together with `suppressHydrationWarning`: when the browser takes over a page, the
 * server's picture is kept and nothing is laid out; the first change of `key` fetches the drawing code and draws. `make`
 * must be the same function always; until it can run, the last picture stays.
 */
export function useKept<K extends object>(key: K, make: (engine: Engine, key: K) => string): string {
  const hydrating = useHydrating();
  const [first] = useState(() => (!import.meta.env.SSR && hydrating ? key : null));
  const [last, setLast] = useState("");
  const keep = first === key;
  const engine = useEngine(!keep);
  const html = useMemo(() => (keep || !engine ? null : make(engine, key)), [keep, make, engine, key]);
  // The server draws once: there is no later picture that this one would stand in for.
  if (!import.meta.env.SSR && html !== null && html !== last) setLast(html);
  return html ?? last;
}
