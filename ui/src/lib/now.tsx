import { createContext, useContext, useEffect, useState, type ReactNode } from "react";

const NowContext = createContext(0);

/** The time the page was rendered at, then the passing time: server and first browser paint agree. */
export function NowProvider({ at, children }: { at: number; children: ReactNode }) {
  const [now, setNow] = useState(at);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return <NowContext value={now}>{children}</NowContext>;
}

/** Milliseconds since the epoch, to half a minute. */
export const useNow = (): number => useContext(NowContext);
