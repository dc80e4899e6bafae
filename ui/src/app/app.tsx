import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { NowProvider } from "@/lib/now";
import { HeadContext, type HeadSink } from "@/ui/document-head";
import type { AppRouter } from "./router";

/** The same tree on server and browser. */
export function App({
  router,
  queryClient,
  head,
  now,
}: {
  router: AppRouter;
  queryClient: QueryClient;
  head: HeadSink | null;
  /** Time of the render, milliseconds since the epoch. */
  now: number;
}) {
  return (
    <StrictMode>
      <HeadContext value={head}>
        <QueryClientProvider client={queryClient}>
          <NowProvider at={now}>
            <RouterProvider router={router} />
          </NowProvider>
        </QueryClientProvider>
      </HeadContext>
    </StrictMode>
  );
}
