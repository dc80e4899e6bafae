import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { catalogs, connections } from "@/api/queries";
import type { CheckReport, Connection } from "@/api/types";
import { changeConnection, checkConnection, checkDraft, createConnection } from "@/api/writes";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { Failure } from "@/ui/failure";
import { FormFoot } from "@/ui/form-foot";
import { CheckResult } from "./check-report";
import { ConnectionFields } from "./connection-fields";
import { dropsSecret, inputOf, kindOf, KINDS, valuesOf } from "./kinds";

const FIRST = KINDS[0]!;

/** Adds a connection, or changes `of`. It is tried before it is kept. */
export function ConnectionDialog({ of, onClose }: { of?: Connection; onClose: () => void }) {
  return (
    <Dialog
      open
      alert
      width={560}
      onClose={onClose}
      title={of ? `Change ${of.name}` : "New connection"}
      description={
        of ? "Statements that run end with what they began with." : "Nothing is copied: the data is read where it lies."
      }
    >
      <Form of={of} onClose={onClose} />
    </Dialog>
  );
}

function Form({ of, onClose }: { of?: Connection; onClose: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [kind, setKind] = useState(() => (of && kindOf(of.kind)) ?? FIRST);
  const [values, setValues] = useState(() => valuesOf(kind, of?.settings));
  const [report, setReport] = useState<CheckReport | null>(null);

  const input = () => inputOf(kind, values);
  const change = () => ({ ...input(), ...(of?.has_secret && dropsSecret(kind, values) ? { secret: null } : {}) });
  const check = useMutation({
    mutationFn: () => (of ? checkConnection(of.id, change()) : checkDraft({ kind: kind.id, ...input() })),
    onSuccess: setReport,
  });
  const keep = useMutation({
    mutationFn: () =>
      of ? changeConnection(of, change()) : createConnection({ name: name.trim(), kind: kind.id, ...input() }),
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: connections().queryKey }),
        client.invalidateQueries({ queryKey: catalogs().queryKey }),
      ]);
      onClose();
    },
  });
  const edited = () => {
    setReport(null);
    check.reset();
    keep.reset();
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { submitter } = event.nativeEvent as SubmitEvent;
    if (submitter?.dataset["act"] === "check") check.mutate();
    else keep.mutate();
  };
  const busy = check.isPending || keep.isPending;
  const failure = check.error ?? keep.error;
  return (
    <form onSubmit={submit} className="mt-4" aria-busy={busy}>
      {!of && (
        <div className="grid grid-cols-2 gap-x-4">
          <Field
            label="Name"
            hint="Stands before database and table; it stays as it is."
            className="max-phone:col-span-2"
          >
            {(control) => (
              <Input
                {...control}
                mono
                required
                autoFocus
                maxLength={63}
                pattern="[a-z][a-z0-9_]*"
                title="Lower-case letters, digits and underscores, a letter first"
                autoComplete="off"
                value={name}
                onChange={(event) => {
                  setName(event.target.value);
                  edited();
                }}
              />
            )}
          </Field>
          <Field label="Kind" className="max-phone:col-span-2">
            {(control) => (
              <Select
                {...control}
                size="lg"
                className="w-full"
                value={kind.id}
                onChange={(event) => {
                  const chosen = kindOf(event.target.value) ?? FIRST;
                  setKind(chosen);
                  setValues(valuesOf(chosen));
                  edited();
                }}
              >
                {KINDS.map(({ id, label }) => (
                  <option key={id} value={id}>
                    {label}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        </div>
      )}
      <ConnectionFields
        kind={kind}
        values={values}
        hasSecret={of?.has_secret ?? false}
        onChange={(field, value) => {
          setValues((old) => ({ ...old, [field]: value }));
          edited();
        }}
      />
      {failure && <Failure error={failure} what="The connection" />}
      {report && <CheckResult report={report} />}
      <FormFoot submit={keep.isPending ? "Trying it…" : of ? "Save" : "Add connection"} busy={busy} onCancel={onClose}>
        <Button type="submit" data-act="check" disabled={busy}>
          {check.isPending ? "Checking…" : "Check"}
        </Button>
      </FormFoot>
    </form>
  );
}
