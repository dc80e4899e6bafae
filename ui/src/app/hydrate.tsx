import { createRoot, hydrateRoot } from "react-dom/client";
import { seed } from "@/api/seed";
import type { PageState } from "@/api/types";
import { App } from "./app";
import { makeQueryClient, makeRouter } from "./router";

async function prepare(state: PageState | null) {
  const queryClient = makeQueryClient();
  if (state) seed(queryClient, state);
  const router = makeRouter(queryClient, state?.data.public !== undefined);
  await router.load();
  const app = (
    <App router={router} queryClient={queryClient} head={null} now={state ? Date.parse(state.now) : Date.now()} />
  );
  return { router, app };
}

/** Takes over what the server drew. Answers how to take it down again. */
export async function hydrate(root: HTMLElement, state: PageState, onDifference?: (error: unknown) => void) {
  const { router, app } = await prepare(state);
  // The server tree has no Suspense around the matches; this keeps the browser's the same.
  router.ssr = { manifest: undefined };
  const mounted = hydrateRoot(root, app, onDifference && { onRecoverableError: onDifference });
  return () => mounted.unmount();
}

/** Draws the page here, where the server could not. */
export async function draw(root: HTMLElement, state: PageState | null) {
  const { app } = await prepare(state);
  createRoot(root).render(app);
}
