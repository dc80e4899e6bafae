import { useRef, type KeyboardEvent, type ReactNode } from "react";
import { cx } from "@/lib/cx";

export interface TabItem<T extends string> {
  id: T;
  label: ReactNode;
  /** Quiet figure behind the label. */
  count?: string;
}

export const tabsClass = "flex gap-5 overflow-x-auto border-b border-line [scrollbar-width:none]";

/** The look of one tab; also for links. Underlined by its own bottom edge, so that the row may scroll. */
export const tabClass = (active: boolean) =>
  cx(
    "relative flex-none pb-2.25 whitespace-nowrap",
    active
      ? "font-strong text-ink after:absolute after:inset-x-0 after:bottom-0 after:h-0.5 after:bg-ink"
      : "font-book text-ink-2 hover:text-ink",
  );

/** Tabs inside a page. Arrow keys move; the panel is the caller's, with `id={panelId(tab)}`. */
export function Tabs<T extends string>(props: {
  label: string;
  tabs: readonly TabItem<T>[];
  active: T;
  onChange: (tab: T) => void;
  className?: string;
}) {
  const { label, tabs, active, onChange, className } = props;
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex((tab) => tab.id === active);
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (!next) return;
    onChange(next.id);
    list.current?.querySelector<HTMLElement>(`#${tabId(next.id)}`)?.focus();
  };
  return (
    <div
      ref={list}
      role="tablist"
      tabIndex={-1}
      aria-label={label}
      className={cx(tabsClass, className)}
      onKeyDown={onKeyDown}
    >
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          id={tabId(tab.id)}
          aria-selected={tab.id === active}
          aria-controls={tab.id === active ? panelId(tab.id) : undefined}
          tabIndex={tab.id === active ? 0 : -1}
          className={tabClass(tab.id === active)}
          onClick={() => onChange(tab.id)}
        >
          {tab.label}
          {tab.count && <span className="ml-1.5 text-small font-book text-ink-3">{tab.count}</span>}
        </button>
      ))}
    </div>
  );
}

export const tabId = (tab: string) => `tab-${tab}`;
export const panelId = (tab: string) => `panel-${tab}`;

export function TabPanel({ tab, children, className }: { tab: string; children: ReactNode; className?: string }) {
  return (
    <div role="tabpanel" id={panelId(tab)} aria-labelledby={tabId(tab)} className={className}>
      {children}
    </div>
  );
}
