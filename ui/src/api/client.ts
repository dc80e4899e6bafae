import { ApiError, problemOf, unreachable } from "./error";

type Json = Record<string, unknown> | unknown[];

export interface CallOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: object;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  cache?: RequestCache;
}

const BASE = "/api/v1";

/**
 * One call to the API. `path` begins after `/api/v1`; `body` is sent as JSON.
 * Rejects with `ApiError` for every answer that is not 2xx, or 304 to who sent a tag; 401 leads to the sign-in page first.
 */
export async function call(path: string, options: CallOptions = {}): Promise<Response> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const query = search.toString();
  let response: Response;
  try {
    response = await fetch(`${BASE}${path}${query ? `?${query}` : ""}`, {
      method: options.method ?? "GET",
      headers: {
        accept: "application/json",
        ...(options.body ? { "content-type": "application/json" } : {}),
        ...options.headers,
      },
      body: options.body ? JSON.stringify(options.body as Json) : undefined,
      credentials: "same-origin",
      cache: options.cache,
      signal: options.signal,
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw unreachable();
  }
  if (response.ok || response.status === 304) return response;
  const problem = await problemOf(response);
  if (response.status === 401 && !path.startsWith("/auth/")) goToSignIn();
  throw new ApiError(problem);
}

/** As `call`, with the body read as JSON; an empty answer (204) is `undefined`. */
export async function callJson<T>(path: string, options: CallOptions = {}): Promise<T> {
  const response = await call(path, options);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

function goToSignIn() {
  const { pathname, search } = window.location;
  if (pathname === "/signin") return;
  window.location.assign(`/signin?next=${encodeURIComponent(pathname + search)}`);
}
