import { useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { dashboards, listed, savedQueries } from "@/api/queries";
import type { Listed, Page } from "@/api/types";

/** A list: first as the server left it in the page. */
function useListed({ data, error, refetch }: UseQueryResult<Page<Listed>>, kind: keyof typeof listed) {
  const early = useQueryClient().getQueryData<Page<Listed>>(listed[kind]);
  return { items: data?.items ?? (error ? undefined : early?.items), error, refetch };
}

export const useDashboards = () => useListed(useQuery(dashboards()), "dashboards");

export const useSavedQueries = () => useListed(useQuery(savedQueries()), "queries");
