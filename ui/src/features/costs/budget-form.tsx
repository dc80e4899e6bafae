import { useMutation, useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { catalogs, groups, users } from "@/api/queries";
import type { Budget, BudgetSubject, NewBudget, Role } from "@/api/types";
import { createBudget, updateBudget } from "@/api/writes";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { limitText, parseLimit } from "./limits";

const ROLES: Role[] = ["viewer", "editor", "admin"];

/** A subject as the value of an option, and back. */
const parseSubject = (text: string): BudgetSubject => {
  const [kind, rest = ""] = text.split(/:(.*)/s);
  if (kind === "role") return { kind, role: rest as Role };
  if (kind === "user" || kind === "group") return { kind, id: rest };
  if (kind === "catalog") return { kind, name: rest };
  return { kind: "everyone" };
};

export function BudgetForm(props: {
  budget: Budget | null;
  onSaved: () => void;
  onCancel: () => void;
  onDelete?: (() => void) | undefined;
}) {
  const { budget, onSaved, onCancel, onDelete } = props;
  const [unreadable, setUnreadable] = useState(false);
  const [subject, setSubject] = useState("everyone");
  const save = useMutation({
    mutationFn: (body: NewBudget) =>
      budget
        ? updateBudget(budget.id, { limit_bytes: body.limit_bytes, limit_usd: body.limit_usd, action: body.action })
        : createBudget(body),
    onSuccess: onSaved,
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const limit = parseLimit(String(form.get("limit")));
    setUnreadable(limit === null);
    if (!limit) return;
    save.mutate({
      subject: parseSubject(subject),
      period: String(form.get("period")) as Budget["period"],
      action: String(form.get("action")) as Budget["action"],
      ...limit,
    });
  };
  const ofCatalog = subject.startsWith("catalog:");
  return (
    <form onSubmit={submit} className="mt-4">
      {!budget && (
        <>
          <Field label="For">
            {(control) => (
              <Select
                {...control}
                size="lg"
                className="w-full"
                value={subject}
                onChange={(event) => setSubject(event.target.value)}
              >
                <Subjects />
              </Select>
            )}
          </Field>
          <Field
            label="In"
            hint={ofCatalog ? "A catalog’s limit is for each run." : "Days and months are those of UTC."}
          >
            {(control) => (
              <Select
                {...control}
                key={String(ofCatalog)}
                name="period"
                size="lg"
                defaultValue={ofCatalog ? "run" : "month"}
                className="w-full"
              >
                <option value="run">each run</option>
                {!ofCatalog && <option value="day">a day</option>}
                {!ofCatalog && <option value="month">a month</option>}
              </Select>
            )}
          </Field>
        </>
      )}
      <Field
        label="Limit"
        hint="Dollars or bytes: $20, 500 GB."
        error={unreadable ? "Write an amount such as $20 or 500 GB." : save.error?.message}
      >
        {(control) => (
          <Input
            {...control}
            name="limit"
            required
            autoComplete="off"
            defaultValue={budget ? limitText(budget) : ""}
            onChange={() => setUnreadable(false)}
          />
        )}
      </Field>
      <Field label="Above it">
        {(control) => (
          <Select {...control} name="action" size="lg" defaultValue={budget?.action ?? "ask"} className="w-full">
            <option value="ask">runs wait until an administrator agrees</option>
            <option value="block">runs are refused</option>
          </Select>
        )}
      </Field>
      <FormFoot submit={budget ? "Save" : "Create budget"} busy={save.isPending} onCancel={onCancel}>
        {onDelete && (
          <Button variant="danger" onClick={onDelete}>
            Delete
          </Button>
        )}
      </FormFoot>
    </form>
  );
}

/** Whom the server charges with what readers of public dashboards cause. */
const PUBLIC = "00000000000000000000000000";

function Subjects() {
  const people = useQuery(users()).data?.items ?? [];
  const together = useQuery(groups()).data?.items ?? [];
  const lakes = useQuery(catalogs()).data?.items ?? [];
  return (
    <>
      <option value="everyone">Everyone together</option>
      <optgroup label="Each person of a role">
        {ROLES.map((role) => (
          <option key={role} value={`role:${role}`}>
            Each {role}
          </option>
        ))}
      </optgroup>
      {together.length > 0 && (
        <optgroup label="The people of a group together">
          {together.map((group) => (
            <option key={group.id} value={`group:${group.id}`}>
              Group {group.name}
            </option>
          ))}
        </optgroup>
      )}
      <optgroup label="One person">
        <option value={`user:${PUBLIC}`}>Public: all who do not sign in</option>
        {people.map((person) => (
          <option key={person.id} value={`user:${person.id}`}>
            {person.name}
          </option>
        ))}
      </optgroup>
      <optgroup label="What reads a catalog">
        {lakes.map((lake) => (
          <option key={lake.name} value={`catalog:${lake.name}`}>
            Catalog {lake.name}
          </option>
        ))}
      </optgroup>
    </>
  );
}
