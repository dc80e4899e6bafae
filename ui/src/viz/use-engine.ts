import { load, ready } from "#drawing";
import { useSyncExternalStore } from "react";
import type { Engine } from "./engine";

/* Which of `engine-now` and `engine-later` this is, package.json says: by the build's `worker` condition. */
let engine = ready;
const waiting = new Set<() => void>();
void load?.().then((loaded) => {
  engine = loaded;
  for (const tell of waiting) tell();
});

const subscribe = (tell: () => void) => {
  waiting.add(tell);
  return () => waiting.delete(tell);
};
const now = (): Engine | undefined => engine;

/** The drawing code, once it is there. */
export const useEngine = (): Engine | undefined => useSyncExternalStore(subscribe, now, now);
