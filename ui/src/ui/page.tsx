import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

/** The frame of a reading page: gutters, greatest width. */
export function Page({ children, className }: { children: ReactNode; className?: string }) {
  return <div className={cx("mx-auto max-w-360 px-(--gutter) pb-8", className)}>{children}</div>;
}

/** Title row of a page: what stands above, the title, and actions at the right edge. */
export function PageHead({
  crumb,
  title,
  after,
  actions,
}: {
  crumb?: ReactNode;
  title: ReactNode;
  after?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <header className="flex min-h-7 flex-wrap items-center gap-1.5 pt-5 max-phone:pt-3.5">
      {crumb}
      <PageTitle>{title}</PageTitle>
      {after}
      {actions && <div className="ml-auto flex flex-wrap items-center gap-1.5 max-phone:w-full">{actions}</div>}
    </header>
  );
}

export const PageTitle = ({ children }: { children: ReactNode }) => (
  <h1 className="text-h1 font-title tracking-[-0.014em]">{children}</h1>
);

/** One step of the path above a title, followed by a slash. */
export const Crumb = ({ children }: { children: ReactNode }) => (
  <span className="flex items-center text-ink-3 after:ml-2 after:mr-0.5 after:content-['/'] max-phone:hidden">
    {children}
  </span>
);

/** A hairline between groups of controls. */
export const Divider = () => <span aria-hidden className="mx-1 h-4 w-px flex-none bg-line-2" />;

/** Title of a part of a page, with a quiet remark and actions. */
export function SectionHead({ title, note, actions }: { title: ReactNode; note?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="mb-2.5 flex min-h-6 items-center gap-2">
      <h2 className="font-strong tracking-[-0.006em] whitespace-nowrap">{title}</h2>
      {note && <span className="truncate text-small text-ink-3">{note}</span>}
      {actions && <div className="ml-auto flex items-center gap-2">{actions}</div>}
    </div>
  );
}
