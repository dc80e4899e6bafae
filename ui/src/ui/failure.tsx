import { ApiError } from "@/api/error";
import { Button } from "./button";
import { EmptyState, ErrorState, NotAllowedState } from "./message";

/** A failed read in the words of its cause: not there, not allowed, or broken with a way to try again. */
export function Failure({ error, what, onRetry }: { error: unknown; what: string; onRetry?: () => void }) {
  const retry = onRetry && <Button onClick={onRetry}>Try again</Button>;
  if (!(error instanceof ApiError)) {
    return (
      <ErrorState title={`${what} could not be shown`} actions={retry}>
        Something in this page failed. Trying again may help.
      </ErrorState>
    );
  }
  if (error.status === 404) return <EmptyState title={`${what} is not there`}>{error.message}</EmptyState>;
  if (error.status === 403) {
    return (
      <NotAllowedState title={`You may not see ${what.charAt(0).toLowerCase()}${what.slice(1)}`}>
        {error.hint ?? "An administrator of this server can let you in."}
      </NotAllowedState>
    );
  }
  return (
    <ErrorState title={error.problem.title || `${what} could not be read`} actions={retry}>
      <p>{error.message}</p>
      {error.hint && <p>{error.hint}</p>}
      {error.status >= 500 && error.problem.request_id && (
        <p className="mt-1 text-small text-ink-3">
          For the administrator: request <span className="font-mono">{error.problem.request_id}</span>
        </p>
      )}
    </ErrorState>
  );
}
