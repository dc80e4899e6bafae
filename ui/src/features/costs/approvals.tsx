import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { approvals } from "@/api/queries";
import type { Approval } from "@/api/types";
import { decideRun } from "@/api/writes";
import { ago, bytes, usd } from "@/lib/format";
import { useNow } from "@/lib/now";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Failure } from "@/ui/failure";
import { Field, TextArea } from "@/ui/field";
import { CancelButton } from "@/ui/form-foot";
import { SectionHead } from "@/ui/page";

/** Runs above a budget that wait for an answer; nothing where none does. */
export function Approvals() {
  const { data } = useQuery(approvals());
  const [deciding, setDeciding] = useState<{ run: Approval; approve: boolean } | null>(null);
  if (!data || data.items.length === 0) return null;
  return (
    <section className="mt-5">
      <SectionHead title="Waiting for an answer" note={String(data.items.length)} />
      <ul aria-label="Waiting runs" className="border-t border-line">
        {data.items.map((run) => (
          <Row key={run.execution_id} run={run} onDecide={(approve) => setDeciding({ run, approve })} />
        ))}
      </ul>
      {deciding && <Decide {...deciding} onClose={() => setDeciding(null)} />}
    </section>
  );
}

const who = (run: Approval) => run.principal?.name ?? "The system";

function Row({ run, onDecide }: { run: Approval; onDecide: (approve: boolean) => void }) {
  const now = useNow();
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line py-2.5">
      <div className="min-w-0 flex-1 basis-90">
        <p>
          <span className="font-strong">{who(run)}</span>
          <span className="text-ink-3">, {ago(run.asked_at, now)}</span>
          {run.estimate && (
            <span className="tabular-nums">
              {": "}
              {run.estimate.exact ? "" : "at most "}
              <b className="font-medium">{bytes(run.estimate.bytes)}</b>, {usd(run.estimate.usd)}
            </span>
          )}
        </p>
        <code className="mt-0.5 block truncate text-small" title={run.sql}>
          {run.sql.replace(/\s+/g, " ")}
        </code>
        <p className="mt-0.5 text-small text-ink-3">{run.reason}</p>
      </div>
      <div className="flex gap-2">
        <Button size="sm" aria-label={`Approve the run of ${who(run)}`} onClick={() => onDecide(true)}>
          Approve
        </Button>
        <Button size="sm" variant="danger" aria-label={`Reject the run of ${who(run)}`} onClick={() => onDecide(false)}>
          Reject
        </Button>
      </div>
    </li>
  );
}

function Decide({ run, approve, onClose }: { run: Approval; approve: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const [note, setNote] = useState("");
  const decide = useMutation({
    mutationFn: () => decideRun(run.execution_id, approve, note.trim()),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: approvals().queryKey });
      onClose();
    },
  });
  return (
    <Dialog
      open
      alert
      onClose={onClose}
      title={approve ? `Let ${who(run)} run this?` : `Refuse this run of ${who(run)}?`}
      description={run.reason}
      actions={
        <>
          <Button variant={approve ? "primary" : "danger"} onClick={() => decide.mutate()} disabled={decide.isPending}>
            {approve ? "Approve" : "Reject"}
          </Button>
          <CancelButton onCancel={onClose} />
        </>
      }
    >
      <pre className="mt-4 max-h-48 overflow-auto rounded-2 bg-sunken px-2.5 py-2 font-mono text-small whitespace-pre-wrap dark:bg-hover">
        {run.sql}
      </pre>
      <Field label="Note" hint={`${who(run)} sees it.`} className="mt-4">
        {(control) => (
          <TextArea
            {...control}
            rows={2}
            maxLength={1000}
            value={note}
            onChange={(event) => setNote(event.target.value)}
          />
        )}
      </Field>
      {decide.error && <Failure error={decide.error} what="The answer" />}
    </Dialog>
  );
}
