import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { groups } from "@/api/queries";
import type { Group } from "@/api/types";
import { Button } from "@/ui/button";
import { useDocumentHead } from "@/ui/document-head";
import { Failure } from "@/ui/failure";
import { Page, PageHead } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";
import { GroupDialog } from "./group-dialog";
import { GroupList, type Act } from "./group-list";
import { RemoveDialog } from "./remove-dialog";

export function GroupsPage() {
  useDocumentHead("Groups");
  const { data, error, isPending, refetch } = useQuery(groups());
  const [open, setOpen] = useState<{ act: Act | "add"; of?: Group } | null>(null);
  const close = () => setOpen(null);
  const add = (
    <Button variant="primary" icon={Plus} onClick={() => setOpen({ act: "add" })}>
      New group
    </Button>
  );
  return (
    <Page className="w-full">
      <PageHead title="Groups" actions={!error && add} />
      <p className="mt-1 max-w-[70ch] text-ink-2">
        People who share a budget, and whose statements may take another engine.
      </p>
      <div className="mt-5">
        {error ? (
          <Failure error={error} what="The groups" onRetry={() => void refetch()} />
        ) : isPending ? (
          <SkeletonRows rows={4} height={40} label="Reading the groups" />
        ) : data.items.length === 0 ? (
          <p className="text-ink-2">
            There is no group yet. One gets a budget on the page “Costs”, and rules in the settings of a connection.
          </p>
        ) : (
          <GroupList groups={data.items} onAct={(act, of) => setOpen({ act, of })} />
        )}
      </div>
      {open?.act === "add" && <GroupDialog onClose={close} />}
      {open?.act === "change" && <GroupDialog of={open.of} onClose={close} />}
      {open?.act === "remove" && open.of && <RemoveDialog of={open.of} onClose={close} />}
    </Page>
  );
}
