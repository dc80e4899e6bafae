import { QueryClient } from "@tanstack/react-query";
import { createRouter, type RouterHistory } from "@tanstack/react-router";
import { ApiError } from "@/api/error";
import { parseSearch, stringifySearch } from "@/lib/search";
import { publicTree, routeTree } from "./routes";

export const makeQueryClient = () =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        // A refusal stays one however often it is asked; only a lost connection is worth another try.
        retry: (failures, error) =>
          failures < 2 && error instanceof ApiError && (error.status === 0 || error.status === 503),
        refetchOnWindowFocus: false,
      },
    },
  });

/** `stranger`: someone who is not signed in and has the address of a public dashboard. */
export const makeRouter = (queryClient: QueryClient, stranger: boolean, history?: RouterHistory) =>
  createRouter({
    routeTree: stranger ? (publicTree as unknown as typeof routeTree) : routeTree,
    history,
    context: { queryClient },
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPreloadDelay: 50,
    // On the server it would write an inline script that the browser's tree does not have.
    scrollRestoration: history === undefined,
  });

export type AppRouter = ReturnType<typeof makeRouter>;

declare module "@tanstack/react-router" {
  interface Register {
    router: AppRouter;
  }
}
