import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { me, users } from "@/api/queries";
import type { Role, User } from "@/api/types";
import { changeUser, createUser } from "@/api/writes";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { Failure } from "@/ui/failure";
import { FormFoot } from "@/ui/form-foot";
import { OneTimeLink } from "./link-dialog";
import { ROLES } from "./roles";

/** Adds a person and shows the link they sign in with, or changes `of`. */
export function PersonDialog({ of, onClose }: { of?: User; onClose: () => void }) {
  const [made, setMade] = useState<{ name: string; secret: string } | null>(null);
  return (
    <Dialog
      open
      alert
      onClose={onClose}
      title={made ? `${made.name} is added` : of ? `Change ${of.name}` : "Add a person"}
    >
      {made ? (
        <OneTimeLink name={made.name} secret={made.secret} onClose={onClose} />
      ) : (
        <Form of={of} onMade={setMade} onClose={onClose} />
      )}
    </Dialog>
  );
}

function Form(props: {
  of: User | undefined;
  onMade: (made: { name: string; secret: string }) => void;
  onClose: () => void;
}) {
  const { of, onMade, onClose } = props;
  const client = useQueryClient();
  const [role, setRole] = useState<Role>(of?.role ?? "viewer");
  const save = useMutation({
    mutationFn: async ({ name, email }: { name: string; email: string }) => {
      if (of) await changeUser(of.id, { name, ...(role === of.role ? {} : { role }) });
      else return createUser({ name, email, role });
      return null;
    },
    onSuccess: async (made) => {
      // First of all: the link is not told again.
      if (made) onMade(made);
      const known = [users(), me()].map(({ queryKey }) => client.invalidateQueries({ queryKey }));
      await Promise.all(known);
      if (!made) onClose();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const email = String(form.get("email") ?? "").trim();
    save.mutate({ name: String(form.get("name")).trim() || (email.split("@")[0] ?? ""), email });
  };
  return (
    <form onSubmit={submit} className="mt-4" aria-busy={save.isPending}>
      {!of && (
        <Field label="E-mail" hint="Who signs in. Nothing is sent: you pass on the link.">
          {(control) => <Input {...control} name="email" type="email" required autoFocus autoComplete="off" />}
        </Field>
      )}
      <Field label="Name" hint={of ? undefined : "Shown beside what they save; the part before the @ if left empty."}>
        {(control) => (
          <Input
            {...control}
            name="name"
            required={of !== undefined}
            maxLength={100}
            autoComplete="off"
            defaultValue={of?.name}
          />
        )}
      </Field>
      <Field
        label="Role"
        hint={ROLES[role].may + (of && role !== of.role ? " They sign in anew: a new role ends their sessions." : "")}
      >
        {(control) => (
          <Select
            {...control}
            size="lg"
            className="w-48"
            value={role}
            onChange={(event) => setRole(event.target.value as Role)}
          >
            {Object.entries(ROLES).map(([value, { label }]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {save.error && <Failure error={save.error} what="The person" />}
      <FormFoot submit={of ? "Save" : "Add"} busy={save.isPending} onCancel={onClose} />
    </form>
  );
}
