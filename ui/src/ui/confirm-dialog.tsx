import { useMutation } from "@tanstack/react-query";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { Failure } from "./failure";
import { CancelButton } from "./form-foot";

/** Asks before something that can't be taken back; `act` does it, and `what` names the thing where that fails. */
export function ConfirmDialog({
  title,
  description,
  verb,
  what,
  act,
  onClose,
}: {
  title: string;
  description: string;
  verb: string;
  what: string;
  act: () => Promise<unknown>;
  onClose: () => void;
}) {
  const acting = useMutation({ mutationFn: act, onSuccess: onClose });
  return (
    <Dialog
      open
      alert
      onClose={onClose}
      title={title}
      description={description}
      actions={
        <>
          <Button variant="danger" onClick={() => acting.mutate()} disabled={acting.isPending}>
            {verb}
          </Button>
          <CancelButton onCancel={onClose} />
        </>
      }
    >
      {acting.error && <Failure error={acting.error} what={what} />}
    </Dialog>
  );
}
