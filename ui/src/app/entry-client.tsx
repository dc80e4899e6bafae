import { createRoot, hydrateRoot } from "react-dom/client";
import { seed } from "@/api/seed";
import type { PageState } from "@/api/types";
import { App } from "./app";
import { makeQueryClient, makeRouter } from "./router";
import "./styles.css";

async function start() {
  const text = document.getElementById("lf-state")?.textContent;
  const root = document.getElementById("lf-root");
  if (!root) return;
  const queryClient = makeQueryClient();
  const state = text ? (JSON.parse(text) as PageState) : null;
  if (state) seed(queryClient, state);
  const router = makeRouter(queryClient);
  await router.load();
  const app = (
    <App router={router} queryClient={queryClient} head={null} now={state ? Date.parse(state.now) : Date.now()} />
  );
  if (document.documentElement.dataset["ssr"] === "1") {
    // The server tree has no Suspense around the matches; this keeps the browser's the same.
    router.ssr = { manifest: undefined };
    hydrateRoot(root, app);
  } else {
    createRoot(root).render(app);
  }
}

void start();
