import { useEffect, useState } from "react";
import type { ApiError } from "@/api/error";
import type { EstimateReport, ExecutionRequest } from "@/api/types";
import * as api from "./api";

export interface EstimateState {
  report: EstimateReport | null;
  error: ApiError | null;
  /** The text has changed since; a newer answer is on its way. */
  stale: boolean;
}

const NOTHING: EstimateState = { report: null, error: null, stale: false };
const PAUSE_MS = 350;

/** What the statement would read, asked for whenever the typing pauses. */
export function useEstimate(request: ExecutionRequest | null): EstimateState {
  const [answer, setAnswer] = useState<{ key: string; report: EstimateReport | null; error: ApiError | null } | null>(
    null,
  );
  const key = request === null ? null : JSON.stringify(request);
  useEffect(() => {
    if (key === null) return;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      api.estimate(JSON.parse(key) as ExecutionRequest, controller.signal).then(
        (report) => setAnswer({ key, report, error: null }),
        (error: unknown) => {
          if (!controller.signal.aborted) setAnswer({ key, report: null, error: api.asApiError(error) });
        },
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key]);
  if (key === null || answer === null) return NOTHING;
  return { report: answer.report, error: answer.error, stale: answer.key !== key };
}
