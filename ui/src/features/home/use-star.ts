import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Page, Saved } from "@/api/types";
import { setStar } from "@/api/writes";

/** Stars a saved thing: at once in the list it stands in, taken back when the server refuses. */
export function useStar(kind: "dashboards" | "queries") {
  const client = useQueryClient();
  const mark = (id: string, starred: boolean) =>
    client.setQueryData<Page<Saved<unknown>>>(
      [kind],
      (page) => page && { ...page, items: page.items.map((item) => (item.id === id ? { ...item, starred } : item)) },
    );
  return useMutation({
    mutationFn: ({ id, starred }: { id: string; starred: boolean }) => setStar(kind, id, starred),
    onMutate: ({ id, starred }) => {
      mark(id, starred);
    },
    onError: (_error, { id, starred }) => {
      mark(id, !starred);
    },
  }).mutate;
}
