import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { groups, users } from "@/api/queries";
import type { Group } from "@/api/types";
import { changeGroup, createGroup } from "@/api/writes";
import { Dialog } from "@/ui/dialog";
import { Checkbox, Field, Input, SearchField } from "@/ui/field";
import { Failure } from "@/ui/failure";
import { FormFoot } from "@/ui/form-foot";
import { SkeletonRows } from "@/ui/skeleton";

/** Makes a group, or changes `of`. */
export function GroupDialog({ of, onClose }: { of?: Group; onClose: () => void }) {
  return (
    <Dialog open alert onClose={onClose} title={of ? `Change ${of.name}` : "New group"}>
      <Form of={of} onClose={onClose} />
    </Dialog>
  );
}

function Form({ of, onClose }: { of?: Group; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(of?.name ?? "");
  const [members, setMembers] = useState(() => new Set(of?.members.map((member) => member.id)));
  const save = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), members: [...members] };
      return of ? changeGroup(of.id, body) : createGroup(body);
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: groups().queryKey });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const toggle = (id: string) =>
    setMembers((old) => (old.has(id) ? new Set([...old].filter((each) => each !== id)) : new Set([...old, id])));
  return (
    <form onSubmit={submit} className="mt-4" aria-busy={save.isPending}>
      <Field label="Name" hint={of && "Rules of connections name the group; give them the new name, too."}>
        {(control) => (
          <Input
            {...control}
            required
            autoFocus
            maxLength={100}
            autoComplete="off"
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <Members members={members} onToggle={toggle} />
      {save.error && <Failure error={save.error} what="The group" />}
      <FormFoot submit={of ? "Save" : "Create group"} busy={save.isPending} onCancel={onClose} />
    </form>
  );
}

/** More than this many people are searched rather than read. */
const MANY = 8;

function Members({ members, onToggle }: { members: ReadonlySet<string>; onToggle: (id: string) => void }) {
  const { data, error, isPending } = useQuery(users());
  const [search, setSearch] = useState("");
  if (error) return <Failure error={error} what="The people" />;
  if (isPending) return <SkeletonRows rows={4} height={28} label="Reading the people" />;
  const wanted = search.trim().toLowerCase();
  const shown = data.items.filter(({ name, email }) => `${name}\n${email}`.toLowerCase().includes(wanted));
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium">People</legend>
      {data.items.length > MANY && (
        <SearchField
          label="Find people"
          className="mb-1.5"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      )}
      <div className="max-h-56 overflow-auto">
        {shown.map(({ id, name, email }) => (
          <Checkbox
            key={id}
            checked={members.has(id)}
            onChange={() => onToggle(id)}
            label={
              <>
                {name} <span className="text-ink-3">{email}</span>
              </>
            }
          />
        ))}
        {shown.length === 0 && <p className="text-ink-2">Nobody is called so.</p>}
      </div>
    </fieldset>
  );
}
