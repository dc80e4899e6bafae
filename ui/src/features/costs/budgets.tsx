import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { budgets } from "@/api/queries";
import type { Budget } from "@/api/types";
import { deleteBudget } from "@/api/writes";
import { cx } from "@/lib/cx";
import { dayMonth } from "@/lib/format";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Failure } from "@/ui/failure";
import { SectionHead } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";
import { BudgetForm } from "./budget-form";
import { limitText, periodText, subjectText, useOf } from "./limits";

/** Every budget with how much of it is used. */
export function Budgets() {
  const { data, isPending, error, refetch } = useQuery(budgets());
  const [open, setOpen] = useState<Budget | "new" | null>(null);
  return (
    <section className="min-w-0">
      <SectionHead
        title="Budgets"
        actions={
          <Button size="sm" icon={Plus} onClick={() => setOpen("new")}>
            New budget
          </Button>
        }
      />
      {error ? (
        <Failure error={error} what="The budgets" onRetry={() => void refetch()} />
      ) : isPending ? (
        <SkeletonRows rows={3} height={56} label="Reading the budgets" />
      ) : data.items.length === 0 ? (
        <p className="text-ink-2">
          Nothing is limited. A budget says how much a person, a role or everyone may read or spend.
        </p>
      ) : (
        <ul aria-label="Budgets" className="border-t border-line">
          {data.items.map((budget) => (
            <Row key={budget.id} budget={budget} onEdit={() => setOpen(budget)} />
          ))}
        </ul>
      )}
      <Dialog
        open={open !== null}
        onClose={() => setOpen(null)}
        title={open === "new" || open === null ? "New budget" : `Budget of ${nameOf(open)}`}
      >
        {open !== null && <Editor budget={open === "new" ? null : open} onDone={() => setOpen(null)} />}
      </Dialog>
    </section>
  );
}

const nameOf = (budget: Budget) => subjectText(budget.subject, budget.subject_name);

function Row({ budget, onEdit }: { budget: Budget; onEdit: () => void }) {
  const use = useOf(budget);
  const name = nameOf(budget);
  return (
    <li className="border-b border-line py-2.5">
      <div className="flex items-center gap-2">
        <span className="truncate font-medium">{name}</span>
        <span className="text-small whitespace-nowrap text-ink-3">
          {limitText(budget)} {periodText(budget.period)}
        </span>
        <Button
          size="sm"
          variant="ghost"
          className="ml-auto"
          aria-label={`Edit the budget of ${name}`}
          onClick={onEdit}
        >
          Edit
        </Button>
      </div>
      {use && (
        <div
          role="meter"
          aria-label={`Used by ${name}`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.min(100, Math.round(use.share * 100))}
          aria-valuetext={use.text}
          className="mt-1.5 h-2 overflow-hidden rounded-[1px] bg-active"
        >
          <i
            className={cx("block h-full", use.share >= 1 ? "bg-bad" : use.share >= 0.8 ? "bg-warn" : "bg-c1")}
            style={{ width: `${Math.min(100, use.share * 100).toFixed(1)}%` }}
          />
        </div>
      )}
      <p className="mt-1 flex justify-between gap-4 text-small text-ink-3 tabular-nums">
        <span>{use ? `${use.text} used` : "for each run"}</span>
        <span>
          {budget.action === "ask" ? "above it, runs wait" : "above it, runs are refused"}
          {budget.renews_at ? `, renews ${dayMonth(budget.renews_at)}` : ""}
        </span>
      </p>
    </li>
  );
}

function Editor({ budget, onDone }: { budget: Budget | null; onDone: () => void }) {
  const client = useQueryClient();
  const done = async () => {
    await client.invalidateQueries({ queryKey: budgets().queryKey });
    onDone();
  };
  const remove = useMutation({ mutationFn: (id: string) => deleteBudget(id), onSuccess: done });
  return (
    <>
      <BudgetForm
        budget={budget}
        onSaved={() => void done()}
        onCancel={onDone}
        onDelete={budget ? () => remove.mutate(budget.id) : undefined}
      />
      {remove.error && <Failure error={remove.error} what="The budget" />}
    </>
  );
}
