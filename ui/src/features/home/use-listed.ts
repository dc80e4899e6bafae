import { useQuery, useQueryClient } from "@tanstack/react-query";
import { dashboards, listed, savedQueries } from "@/api/queries";
import type { Listed, Page } from "@/api/types";

/** The dashboards: first as the server listed them in the page. */
export function useDashboards() {
  const { data, error, refetch } = useQuery(dashboards());
  const early = useQueryClient().getQueryData<Page<Listed>>(listed.dashboards);
  return { items: data?.items ?? (error ? undefined : early?.items), error, refetch };
}

export function useSavedQueries() {
  const { data, error, refetch } = useQuery(savedQueries());
  const early = useQueryClient().getQueryData<Page<Listed>>(listed.queries);
  return { items: data?.items ?? (error ? undefined : early?.items), error, refetch };
}
