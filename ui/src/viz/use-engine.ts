import { load, ready } from "#drawing";
import { useEffect, useSyncExternalStore } from "react";
import type { Engine } from "./engine";

/* Which of `engine-now` and `engine-later` this is, package.json says: by the build's `worker` condition. */
let engine = ready;
let asked = false;
const waiting = new Set<() => void>();

function fetchEngine(): void {
  if (asked || !load) return;
  asked = true;
  load().then(
    (loaded) => {
      engine = loaded;
      for (const tell of waiting) tell();
    },
    () => (asked = false),
  );
}

/* Pictures from the server need no code until someone points at them. */
if (load)
  for (const sign of ["pointermove", "pointerdown", "keydown", "focusin"])
    addEventListener(sign, fetchEngine, { passive: true, capture: true });

const subscribe = (tell: () => void) => {
  waiting.add(tell);
  return () => waiting.delete(tell);
};
const now = (): Engine | undefined => engine;

/** The drawing code, once it is there; `needed` fetches it without waiting for a person. */
export function useEngine(needed: boolean): Engine | undefined {
  const there = useSyncExternalStore(subscribe, now, now);
  useEffect(() => {
    if (needed) fetchEngine();
  }, [needed]);
  return there;
}
