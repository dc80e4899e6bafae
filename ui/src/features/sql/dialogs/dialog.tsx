import { useEffect, useRef, type ReactNode } from "react";

interface Props {
  title: string;
  children: ReactNode;
  /** What the primary button says; it submits the form. */
  action: string;
  busy: boolean;
  problem: string | null;
  onSubmit: () => void;
  onClose: () => void;
}

/** A modal form. The browser's own dialog keeps the focus inside and closes on Esc. */
export function FormDialog({ title, children, action, busy, problem, onSubmit, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="wb-dlg" aria-label={title} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <h2>{title}</h2>
        {children}
        {problem ? (
          <p className="wb-bad" role="alert">
            {problem}
          </p>
        ) : null}
        <div className="acts">
          <button type="submit" className="wb-ctl pri" disabled={busy}>
            {action}
          </button>
          <button type="button" className="wb-ctl" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}
