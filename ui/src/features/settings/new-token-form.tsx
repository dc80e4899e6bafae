import { useMutation, useQuery } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { me } from "@/api/queries";
import type { NewApiToken, TokenScope } from "@/api/types";
import { createToken } from "@/api/writes";
import { Checkbox, Field, Input, Select } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";

const SCOPES: Record<TokenScope, string> = {
  read: "Read: run queries and see what is saved",
  write: "Write: save queries and dashboards",
  admin: "Administer: people, catalogs, settings",
};
const ENDS: [string, string][] = [
  ["30", "in 30 days"],
  ["90", "in 90 days"],
  ["365", "in a year"],
  ["", "never"],
];

export function NewTokenForm({ onMade, onCancel }: { onMade: (token: NewApiToken) => void; onCancel: () => void }) {
  const role = useQuery(me()).data?.user.role;
  const scopes: TokenScope[] =
    role === "admin" ? ["read", "write", "admin"] : role === "editor" ? ["read", "write"] : ["read"];
  const create = useMutation({ mutationFn: createToken, onSuccess: onMade });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const days = Number(form.get("days"));
    create.mutate({
      name: String(form.get("name")).trim(),
      scopes: scopes.filter((scope) => form.get(scope) !== null),
      expires_at: days ? new Date(Date.now() + days * 86_400_000).toISOString() : null,
    });
  };
  return (
    <form onSubmit={submit} className="mt-4">
      <Field label="Name" hint="What uses it, e.g. “Nightly export”." error={create.error?.message}>
        {(control) => <Input {...control} name="name" required maxLength={100} />}
      </Field>
      <fieldset className="mb-3.5">
        <legend className="mb-1 font-medium">May</legend>
        {scopes.map((scope) => (
          <Checkbox key={scope} name={scope} label={SCOPES[scope]} defaultChecked={scope === "read"} />
        ))}
      </fieldset>
      <Field label="Ends">
        {(control) => (
          <Select {...control} name="days" size="lg" defaultValue="90" className="w-40">
            {ENDS.map(([days, label]) => (
              <option key={days} value={days}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <FormFoot submit="Create token" busy={create.isPending} onCancel={onCancel} />
    </form>
  );
}
