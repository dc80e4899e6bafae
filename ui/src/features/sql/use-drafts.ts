import { useEffect, useEffectEvent, useReducer } from "react";
import { freshDrafts, reduceDrafts, restoreDrafts, storeDrafts } from "./drafts";

const PAUSE_MS = 250;

/** The open tabs, as an earlier visit left them; written back while the person works and when they leave. */
export function useDrafts() {
  const [drafts, dispatch] = useReducer(reduceDrafts, null, () =>
    typeof localStorage === "undefined" ? freshDrafts() : restoreDrafts(localStorage),
  );
  const storeNow = useEffectEvent(() => storeDrafts(localStorage, drafts));
  useEffect(() => {
    const timer = setTimeout(() => storeDrafts(localStorage, drafts), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [drafts]);
  useEffect(() => {
    const store = () => storeNow();
    window.addEventListener("pagehide", store);
    return () => {
      window.removeEventListener("pagehide", store);
      store();
    };
  }, []);
  return [drafts, dispatch] as const;
}
