import { useMutation, useQuery } from "@tanstack/react-query";
import { Navigate, useSearch } from "@tanstack/react-router";
import { authState } from "@/api/queries";
import { login, signInByLink } from "@/api/writes";
import { useHydrating } from "@/lib/hydrating";
import { nextPath } from "@/lib/next-path";
import { Button } from "@/ui/button";
import { useDocumentHead } from "@/ui/document-head";
import { Field, Input } from "@/ui/field";
import { Entry, field, onSubmit, reason } from "./entry";

/** A full load: the server then draws the page with its data, and nothing of the signed-out page remains. */
const enter = (next: unknown) => window.location.assign(nextPath(next));

export function SignInPage() {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const token = typeof search["token"] === "string" ? search["token"] : null;
  useDocumentHead("Sign in");
  const setupRequired = useQuery(authState()).data?.setup_required;
  if (setupRequired && !token) return <Navigate to="/setup" replace />;
  return token ? <LinkForm token={token} next={search["next"]} /> : <PasswordForm next={search["next"]} />;
}

function PasswordForm({ next }: { next: unknown }) {
  // A browser would send the form itself before the page is alive, and the API takes none.
  const hydrating = useHydrating();
  const signIn = useMutation({ mutationFn: login, onSuccess: () => enter(next) });
  const error = reason(signIn.error);
  return (
    <Entry title="Sign in" lead="to work with your data">
      <form
        method="post"
        onSubmit={onSubmit((form) =>
          signIn.mutate({ email: field(form, "email").trim(), password: field(form, "password") }),
        )}
      >
        <Field label="E-mail">
          {(control) => <Input {...control} name="email" type="email" autoComplete="username" required autoFocus />}
        </Field>
        <Field label="Password" error={error}>
          {(control) => <Input {...control} name="password" type="password" autoComplete="current-password" required />}
        </Field>
        <Button
          type="submit"
          variant="primary"
          size="lg"
          className="mt-1.5 w-full"
          disabled={hydrating || signIn.isPending || signIn.isSuccess}
        >
          Sign in
        </Button>
      </form>
      <p className="mt-5.5 text-small/4.5 text-ink-3">No account? Ask an administrator of this server.</p>
    </Entry>
  );
}

/** A link signs in by a button and not by itself: mail scanners follow links, and the token works once. */
function LinkForm({ token, next }: { token: string; next: unknown }) {
  const hydrating = useHydrating();
  const signIn = useMutation({ mutationFn: () => signInByLink(token), onSuccess: () => enter(next) });
  const error = reason(signIn.error);
  return (
    <Entry title="Sign in with this link" lead="It works once, in this browser.">
      <form method="post" onSubmit={onSubmit(() => signIn.mutate())}>
        <Button
          type="submit"
          variant="primary"
          size="lg"
          className="w-full"
          disabled={hydrating || signIn.isPending || signIn.isSuccess}
          autoFocus
        >
          Continue to Lakefront
        </Button>
        {error && (
          <p role="alert" className="mt-3 text-bad">
            {error}
          </p>
        )}
      </form>
      <p className="mt-5.5 text-small/4.5 text-ink-3">
        Is the link used or too old?{" "}
        <a href="/signin" className="font-medium text-accent-text hover:underline">
          Sign in with a password
        </a>
        , or have a new link printed on the server.
      </p>
    </Entry>
  );
}
