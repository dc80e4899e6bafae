import { useMutation, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { me } from "@/api/queries";
import { endAllSessions } from "@/api/writes";
import { Button } from "@/ui/button";
import { useDocumentHead } from "@/ui/document-head";
import { Failure } from "@/ui/failure";
import { Page, PageHead } from "@/ui/page";
import { ApiTokens } from "./api-tokens";
import { PasswordForm } from "./password-form";
import { ThemePicker } from "./theme-picker";

export function SettingsPage() {
  useDocumentHead("Settings");
  const account = useQuery(me()).data;
  return (
    <Page className="w-full">
      <PageHead title="Settings" />
      <Section title="Theme" note="Kept with your account, on every device.">
        <ThemePicker />
      </Section>
      <Section title="Account">
        {account && (
          <dl className="mb-5 grid max-w-120 grid-cols-[120px_1fr] gap-y-1.5">
            <dt className="text-ink-3">Name</dt>
            <dd>{account.user.name}</dd>
            <dt className="text-ink-3">E-mail</dt>
            <dd>{account.user.email}</dd>
            <dt className="text-ink-3">Role</dt>
            <dd>{account.user.role.charAt(0).toUpperCase() + account.user.role.slice(1)}</dd>
          </dl>
        )}
        <PasswordForm />
      </Section>
      <Section title="Sessions" note="Ends every browser’s session, this one too. API tokens keep working.">
        <SignOutEverywhere />
      </Section>
      <Section title="API tokens" note="For programs that work in your name. A token may never do more than you.">
        <ApiTokens />
      </Section>
    </Page>
  );
}

const Section = ({ title, note, children }: { title: string; note?: string; children: ReactNode }) => (
  <section className="mt-7 grid grid-cols-[232px_minmax(0,720px)] gap-x-12 gap-y-3 border-t border-line pt-5 max-laptop:grid-cols-1">
    <div>
      <h2 className="font-strong">{title}</h2>
      {note && <p className="mt-1 max-w-[40ch] text-small text-ink-3">{note}</p>}
    </div>
    <div className="min-w-0">{children}</div>
  </section>
);

function SignOutEverywhere() {
  const end = useMutation({ mutationFn: endAllSessions, onSuccess: () => window.location.assign("/signin") });
  return (
    <>
      <Button onClick={() => end.mutate()} disabled={end.isPending}>
        Sign out everywhere
      </Button>
      {end.error && <Failure error={end.error} what="Your sessions" />}
    </>
  );
}
