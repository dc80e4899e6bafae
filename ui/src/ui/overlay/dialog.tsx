import { Dialog as Radix } from "radix-ui";
import type { DialogProps } from "../dialog";

export function FullDialog({ open, onClose, title, description, actions, width = 520, alert, children }: DialogProps) {
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-20 animate-fade bg-scrim" />
        <Radix.Content
          role={alert ? "alertdialog" : "dialog"}
          onPointerDownOutside={(event) => alert && event.preventDefault()}
          {...(description ? {} : { "aria-describedby": undefined })}
          className="fixed top-[min(148px,16vh)] left-1/2 z-30 max-h-[80vh] max-w-[calc(100vw-32px)] -translate-x-1/2 animate-fade overflow-y-auto rounded-3 bg-raised px-6 pt-5.5 pb-4.5 shadow-modal outline-none"
          style={{ width }}
        >
          <Radix.Title className="text-h2 font-semibold tracking-[-0.01em]">{title}</Radix.Title>
          {description && <Radix.Description className="mt-1.5 text-read text-ink-2">{description}</Radix.Description>}
          {children}
          {actions && <div className="mt-5 flex items-center gap-2">{actions}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
