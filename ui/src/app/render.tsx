import type { QueryClient } from "@tanstack/react-query";
import { createMemoryHistory } from "@tanstack/react-router";
import { renderToString } from "react-dom/server";
import { seed } from "@/api/seed";
import type { PageState } from "@/api/types";
import { fullTitle, type HeadSink } from "@/ui/document-head";
import { App } from "./app";
import { makeQueryClient, makeRouter, type AppRouter } from "./router";

export interface Rendered {
  status: number;
  html: string;
  head: string;
  errors: string[];
}

/** Renders one page. A non-empty `errors` means the page must be sent unrendered. */
export async function render(input: string): Promise<Rendered> {
  const state = JSON.parse(input) as PageState;
  const queryClient = makeQueryClient();
  seed(queryClient, state);
  const router = await routerAt(state.url, queryClient, state.data.public !== undefined);
  const about: { title?: string; status: number } = { status: 200 };
  const head: HeadSink = {
    tell: (title, status) => {
      about.title = title;
      about.status = Math.max(about.status, status);
    },
  };
  const errors: string[] = [];
  let html = "";
  try {
    // Nothing here waits for data, so there is nothing to stream: one string spares an encoded piece per element.
    html = renderToString(<App router={router} queryClient={queryClient} head={head} now={Date.parse(state.now)} />);
  } catch (error) {
    errors.push(error instanceof Error ? `${error.message}\n${error.stack ?? ""}` : String(error));
  }
  return {
    status: about.status,
    html,
    head: `<title>${escape(fullTitle(about.title))}</title>${preloads(router)}`,
    errors,
  };
}

/**
 * The router with the page's code loaded. A redirect is followed, as the browser will: to the sign-in page,
 * or to the same address written as the router writes it (`%20` as `+`).
 */
async function routerAt(url: string, queryClient: QueryClient, stranger: boolean): Promise<AppRouter> {
  let router = makeRouter(queryClient, stranger, createMemoryHistory({ initialEntries: [url] }));
  await router.load();
  for (let hops = 0; hops < 3 && router._serverResult?.type === "redirect"; hops += 1) {
    const { href } = router._serverResult.redirect.options;
    router = makeRouter(queryClient, stranger, createMemoryHistory({ initialEntries: [href ?? "/"] }));
    await router.load();
  }
  return router;
}

/** Script files by page, from the client build. */
declare const __PAGE_PRELOADS__: Record<string, string[]>;

/** Names the page's scripts, for the template to fetch them at once: links here could not carry the page's nonce. */
function preloads(router: AppRouter): string {
  const chunk = router.state.matches.at(-1)?.staticData.chunk ?? "";
  const files = typeof __PAGE_PRELOADS__ === "undefined" ? [] : (__PAGE_PRELOADS__[chunk] ?? []);
  return files.length ? `<meta name="lf-preload" content="${files.join(" ")}">` : "";
}

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
