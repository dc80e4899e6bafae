import { useMutation, useQuery } from "@tanstack/react-query";
import { Navigate, useSearch } from "@tanstack/react-router";
import { authState } from "@/api/queries";
import { setup } from "@/api/writes";
import { cx } from "@/lib/cx";
import { useHydrating } from "@/lib/hydrating";
import { Button } from "@/ui/button";
import { useDocumentHead } from "@/ui/document-head";
import { Field, Input } from "@/ui/field";
import { Brand, field, onSubmit, reason } from "./entry";

const STEPS = [
  { title: "Administrator", note: "Who looks after this server" },
  { title: "Where the data is", note: "Read-only. More can be added later." },
];

/** The first start of a server: makes the first administrator, then leads to the data. */
export function SetupPage() {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  useDocumentHead("Set up");
  const required = useQuery(authState()).data?.setup_required;
  // A browser would send the form itself before the page is alive.
  const hydrating = useHydrating();
  const create = useMutation({ mutationFn: setup, onSuccess: () => window.location.assign("/data") });
  if (required === false && !create.isSuccess) return <Navigate to="/signin" replace />;
  const error = reason(create.error);
  return (
    <>
      <header className="flex h-(--bar-h) items-center px-8 max-phone:px-4">
        <Brand />
      </header>
      <main className="mx-auto grid max-w-240 grid-cols-[232px_1fr] gap-16 px-8 pt-[min(112px,12vh)] pb-16 max-laptop:grid-cols-1 max-laptop:gap-6 max-phone:px-4 max-phone:pt-6">
        <Steps now={0} />
        <section className="max-w-150">
          <h1 className="text-entry font-title tracking-[-0.02em]">Make yourself the administrator</h1>
          <p className="mt-1.5 text-read text-ink-2">
            The server printed a set-up token when it started. It shows that you may do this, works once and for 15
            minutes.
          </p>
          <form
            method="post"
            className="mt-5.5 max-w-100"
            onSubmit={onSubmit((form) =>
              create.mutate({
                token: field(form, "token").trim(),
                email: field(form, "email").trim(),
                name: field(form, "name").trim(),
                password: field(form, "password"),
              }),
            )}
          >
            <Field label="Set-up token">
              {(control) => (
                <Input
                  {...control}
                  name="token"
                  mono
                  required
                  autoComplete="off"
                  spellCheck={false}
                  defaultValue={typeof search["token"] === "string" ? search["token"] : ""}
                />
              )}
            </Field>
            <Field label="Your name">
              {(control) => <Input {...control} name="name" required autoComplete="name" />}
            </Field>
            <Field label="E-mail">
              {(control) => <Input {...control} name="email" type="email" required autoComplete="username" />}
            </Field>
            <Field label="Password" hint="At least 10 characters. Several words make a good one.">
              {(control) => (
                <Input
                  {...control}
                  name="password"
                  type="password"
                  required
                  minLength={10}
                  autoComplete="new-password"
                />
              )}
            </Field>
            {error && (
              <p role="alert" className="mb-3.5 text-bad">
                {error}
              </p>
            )}
            <Button
              type="submit"
              variant="primary"
              size="lg"
              className="mt-1.5"
              disabled={hydrating || create.isPending || create.isSuccess}
            >
              Create the account
            </Button>
          </form>
        </section>
      </main>
    </>
  );
}

function Steps({ now }: { now: number }) {
  return (
    <ol>
      {STEPS.map(({ title, note }, i) => (
        <li
          key={title}
          aria-current={i === now ? "step" : undefined}
          className={cx(
            "relative grid grid-cols-[22px_1fr] gap-3 pb-6.5",
            i < STEPS.length - 1 &&
              "before:absolute before:top-6.5 before:bottom-1 before:left-[10.5px] before:w-px before:bg-line-2",
            i === now ? "text-ink" : "text-ink-3",
          )}
        >
          <span
            className={cx(
              "grid size-5.5 place-items-center rounded-full text-small font-strong",
              i === now ? "bg-accent text-on-accent" : "shadow-field",
            )}
          >
            {i + 1}
          </span>
          <div>
            <b className="block leading-5.5 font-strong">{title}</b>
            <small className="mt-px block text-small/4.5 text-ink-3">{note}</small>
          </div>
        </li>
      ))}
    </ol>
  );
}
