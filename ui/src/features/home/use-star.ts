import { useMutation, useQueryClient } from "@tanstack/react-query";
import { listed } from "@/api/queries";
import type { Listed, Page } from "@/api/types";
import { setStar } from "@/api/writes";

/** Stars a saved thing: at once in the list it stands in, taken back when the server refuses. */
export function useStar(kind: "dashboards" | "queries") {
  const client = useQueryClient();
  const mark = (id: string, starred: boolean) => {
    for (const queryKey of [[kind], listed[kind]])
      client.setQueryData<Page<Listed>>(
        queryKey,
        (page) => page && { ...page, items: page.items.map((item) => (item.id === id ? { ...item, starred } : item)) },
      );
  };
  return useMutation({
    mutationFn: ({ id, starred }: { id: string; starred: boolean }) => setStar(kind, id, starred),
    onMutate: async ({ id, starred }) => {
      // A list that is on its way may be of before.
      await client.cancelQueries({ queryKey: [kind], exact: true });
      mark(id, starred);
    },
    onError: (_error, { id, starred }) => {
      mark(id, !starred);
    },
    onSettled: () => client.invalidateQueries({ queryKey: [kind], exact: true }),
  }).mutate;
}
