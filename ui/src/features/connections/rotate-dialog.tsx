import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { connections } from "@/api/queries";
import type { Connection } from "@/api/types";
import { changeConnection } from "@/api/writes";
import { Dialog } from "@/ui/dialog";
import { Failure } from "@/ui/failure";
import { Field, Input } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { kindOf } from "./kinds";

/** Puts a new secret in the place of the old one. */
export function RotateDialog({ of, onClose }: { of: Connection; onClose: () => void }) {
  const client = useQueryClient();
  const rotate = useMutation({
    mutationFn: (secret: string) => changeConnection(of, { secret }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: connections().queryKey });
      onClose();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    rotate.mutate(String(new FormData(event.currentTarget).get("secret")));
  };
  const field = kindOf(of.kind)?.fields.find((known) => known.secret);
  return (
    <Dialog
      open
      alert
      onClose={onClose}
      title={`New secret for ${of.name}`}
      description="It is tried first; the old one goes only if the new one works. Statements that run end with the old one."
    >
      <form onSubmit={submit} className="mt-4" aria-busy={rotate.isPending}>
        <Field label={field?.label ?? "Secret"}>
          {(control) => (
            <Input {...control} name="secret" type="password" autoComplete="new-password" required autoFocus />
          )}
        </Field>
        {rotate.error && <Failure error={rotate.error} what="The connection" />}
        <FormFoot
          submit={rotate.isPending ? "Trying it…" : "Replace the secret"}
          busy={rotate.isPending}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  );
}
