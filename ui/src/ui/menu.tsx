import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { lazyOverlay, type Trigger } from "./overlay/lazy";

export type MenuEntry =
  | {
      label: ReactNode;
      icon?: LucideIcon;
      keys?: string;
      /** Quiet text at the right edge. */
      note?: string;
      danger?: boolean;
      disabled?: boolean;
      /** Present on entries of a choice: a check stands before the chosen one. */
      checked?: boolean;
      onSelect?: () => void;
      /** A page to go to instead of `onSelect`. */
      href?: string;
    }
  | { heading: ReactNode }
  | "separator";

export interface MenuProps {
  /** The button that opens it. */
  trigger: Trigger;
  label: string;
  entries: readonly MenuEntry[];
  align?: "start" | "end";
  /** Least width in px. */
  width?: number;
}

/** A menu of commands. Its code is loaded when the trigger is first touched. */
export const Menu = lazyOverlay<MenuProps>("menu", async () => (await import("./overlay/menu")).FullMenu);
