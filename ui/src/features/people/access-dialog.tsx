import { useQueryClient } from "@tanstack/react-query";
import { users } from "@/api/queries";
import type { User } from "@/api/types";
import { changeUser } from "@/api/writes";
import { ConfirmDialog } from "@/ui/confirm-dialog";

/** Keeps someone out, or lets them in again. */
export function AccessDialog({ of, onClose }: { of: User; onClose: () => void }) {
  const client = useQueryClient();
  const change = async () => {
    await changeUser(of.id, { disabled: !of.disabled });
    await client.invalidateQueries({ queryKey: users().queryKey });
  };
  return (
    <ConfirmDialog
      title={of.disabled ? `Let ${of.name} in again?` : `Disable ${of.name}?`}
      description={
        of.disabled
          ? "They sign in with their password or a new link, and their tokens work again."
          : "Their sessions end at once, and their tokens do not work until they are let in again. What they saved stays."
      }
      verb={of.disabled ? "Let in" : "Disable"}
      what="The person"
      act={change}
      onClose={onClose}
    />
  );
}
