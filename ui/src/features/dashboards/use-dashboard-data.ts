import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ApiError } from "@/api/error";
import { dashboardData } from "@/api/queries";
import type { FilterValues } from "@/api/types";

/** Every tile's data; while other filters load, the old picture stays. */
export function useDashboardData(id: string, filters: FilterValues, tab: string | undefined) {
  const query = useQuery({
    ...dashboardData(id, filters, tab),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });
  // Somebody has taken away what is asked for: the dashboard is another by now.
  const client = useQueryClient();
  const code = query.error instanceof ApiError ? query.error.code : undefined;
  useEffect(() => {
    if (code === "UNKNOWN_TAB" || code === "UNKNOWN_FILTER")
      void client.invalidateQueries({ queryKey: ["dashboards", "by-slug"] });
  }, [client, code]);
  return query;
}

/** Another instance may answer, which hears a moment later of what the stream told. */
const HEARD_MS = 2_000;

/**
 * Follows the data: when the server says that it is another than `shown`, the version on the page, what is shown is
 * fetched again in place. An empty version is that of nothing.
 */
export function useLiveData(id: string, shown: string | undefined) {
  const client = useQueryClient();
  const [lost, setLost] = useState(false);
  const version = useRef(shown);
  useEffect(() => {
    version.current = shown;
  }, [shown]);
  const isKnown = shown !== undefined;
  useEffect(() => {
    if (!isKnown) return;
    let told = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const data = { queryKey: ["dashboards", id, "data"] };
    // The stream does not say twice what a fetch has failed to bring.
    const check = (): void => {
      if (told && told !== version.current) void client.invalidateQueries(data, { cancelRefetch: false });
    };
    const since = encodeURIComponent(version.current ?? "");
    const events = new EventSource(`/api/v1/dashboards/${encodeURIComponent(id)}/events?since=${since}`);
    events.addEventListener("stale", ({ lastEventId }) => {
      told = lastEventId;
      void client.invalidateQueries(data);
      clearTimeout(timer);
      timer = setTimeout(check, HEARD_MS);
    });
    events.addEventListener("open", () => {
      setLost(false);
      check();
    });
    events.addEventListener("error", () => setLost(events.readyState === EventSource.CLOSED));
    return () => {
      clearTimeout(timer);
      events.close();
    };
  }, [client, id, isKnown]);
  return lost;
}
