import type { ReactNode } from "react";
import { cx } from "@/lib/cx";

export function Kbd({ children, className }: { children: ReactNode; className?: string }) {
  return <kbd className={kbdClass(className)}>{children}</kbd>;
}

export const kbdClass = (className?: string) => cx("ml-0.5 font-sans text-micro font-book text-ink-3", className);
