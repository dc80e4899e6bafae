import type { FormEvent, ReactNode } from "react";
import { ApiError } from "@/api/error";
import { Logo } from "@/ui/logo";
import { Horizon } from "./horizon";

export const Brand = () => (
  <a href="/" aria-label="Lakefront home" className="flex w-fit items-center gap-2.25 text-[15px] tracking-[-0.012em]">
    <Logo size={22} />
    <b className="font-[650]">Lakefront</b>
  </a>
);

/** The frame of a page before sign-in: a narrow card above the horizon. */
export function Entry({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  return (
    <main className="relative flex min-h-dvh flex-col items-center overflow-hidden px-4 pb-60 max-phone:pb-24">
      <div className="relative z-1 mt-[min(184px,20vh)] w-85 max-w-full">
        <Brand />
        <h1 className="mt-9 text-entry font-title tracking-[-0.02em]">{title}</h1>
        <p className="mt-1.5 mb-6.5 text-read text-ink-2">{lead}</p>
        {children}
      </div>
      <Horizon />
      <footer className="absolute inset-x-8 bottom-5 text-small text-ink-2 max-phone:inset-x-4">Lakefront</footer>
    </main>
  );
}

/** The text of one field of a submitted form. */
export const field = (form: FormData, name: string): string => {
  const value = form.get(name);
  return typeof value === "string" ? value : "";
};

/** Hands a form's fields to `act` instead of letting the browser send them. */
export const onSubmit = (act: (form: FormData) => void) => (event: FormEvent<HTMLFormElement>) => {
  event.preventDefault();
  act(new FormData(event.currentTarget));
};

/** What went wrong, with what to do about it. */
export function reason(error: unknown): string | undefined {
  if (!error) return undefined;
  if (!(error instanceof ApiError)) return "That did not work. Try again.";
  return error.hint ? `${error.message} ${error.hint}` : error.message;
}
