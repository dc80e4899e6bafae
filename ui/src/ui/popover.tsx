import type { ReactNode } from "react";
import { lazyOverlay, type Trigger } from "./overlay/lazy";

export interface PopoverProps {
  /** The button that opens it. */
  trigger: Trigger;
  label: string;
  align?: "start" | "center" | "end";
  /** Width in px. */
  width?: number;
  className?: string;
  /** The content; `close` shuts it and gives the focus back. */
  children: (close: () => void) => ReactNode;
  onOpenChange?: (open: boolean) => void;
}

/** A panel that floats at its trigger. Its code is loaded when the trigger is first touched. */
export const Popover = lazyOverlay<PopoverProps>("dialog", async () => (await import("./overlay/popover")).FullPopover);
