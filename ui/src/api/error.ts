import type { Position, Problem } from "./types";

/** A failed call: the server's problem document, or a network failure told in the same words. */
export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ApiError";
    this.problem = problem;
  }

  get code(): string {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }

  get hint(): string | null {
    return this.problem.hint ?? null;
  }

  get position(): Position | null {
    return this.problem.position ?? null;
  }
}

export const unreachable = (): ApiError =>
  new ApiError({
    type: "about:blank",
    title: "The server does not answer",
    status: 0,
    detail: "Nothing came back from the server. It may be restarting, or the connection is down.",
    code: "UNREACHABLE",
    request_id: "",
  });

/** Reads a failed response; one that is no problem document becomes one. */
export async function problemOf(response: Response): Promise<Problem> {
  const fallback: Problem = {
    type: "about:blank",
    title: response.statusText || `Status ${response.status}`,
    status: response.status,
    detail: `The server answered ${response.status}.`,
    code: response.status === 404 ? "NOT_FOUND" : response.status === 403 ? "FORBIDDEN" : "INTERNAL",
    request_id: response.headers.get("x-request-id") ?? "",
  };
  try {
    const body: unknown = await response.json();
    return body && typeof body === "object" && "code" in body
      ? { ...fallback, ...(body as Partial<Problem>) }
      : fallback;
  } catch {
    return fallback;
  }
}
