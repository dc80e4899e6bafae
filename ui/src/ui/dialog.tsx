import { lazy, Suspense, type ReactNode } from "react";

export interface DialogProps {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** Reading text below the title. */
  description?: ReactNode;
  /** Buttons at the foot. */
  actions?: ReactNode;
  /** Width in px; 520 unless told. */
  width?: number;
  /** Closes by Esc and button only, not by a click outside: for what interrupts. */
  alert?: boolean;
  children?: ReactNode;
}

const FullDialog = lazy(async () => ({ default: (await import("./overlay/dialog")).FullDialog }));

/** A modal dialog. Its code is loaded when it first opens. */
export const Dialog = (props: DialogProps) =>
  props.open && (
    <Suspense fallback={null}>
      <FullDialog {...props} />
    </Suspense>
  );
