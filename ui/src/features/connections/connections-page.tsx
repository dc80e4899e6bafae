import { useQuery } from "@tanstack/react-query";
import { Plug, Plus } from "lucide-react";
import { useState } from "react";
import { connections } from "@/api/queries";
import type { Connection } from "@/api/types";
import { Button } from "@/ui/button";
import { useDocumentHead } from "@/ui/document-head";
import { Failure } from "@/ui/failure";
import { EmptyState } from "@/ui/message";
import { Page, PageHead } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";
import { CheckDialog } from "./check-dialog";
import { ConnectionDialog } from "./connection-dialog";
import { ConnectionList, type Act } from "./connection-list";
import { RemoveDialog } from "./remove-dialog";
import { RotateDialog } from "./rotate-dialog";

export function ConnectionsPage() {
  useDocumentHead("Connections");
  const { data, error, isPending, refetch } = useQuery(connections());
  const [open, setOpen] = useState<{ act: Act | "add"; of?: Connection } | null>(null);
  const close = () => setOpen(null);
  const add = (
    <Button variant="primary" icon={Plus} onClick={() => setOpen({ act: "add" })}>
      New connection
    </Button>
  );
  return (
    <Page className="w-full">
      <PageHead title="Connections" actions={!error && add} />
      <p className="mt-1 max-w-[70ch] text-ink-2">Where the data lies, and whose credentials it is read with.</p>
      <div className="mt-5">
        {error ? (
          <Failure error={error} what="The connections" onRetry={() => void refetch()} />
        ) : isPending ? (
          <SkeletonRows rows={4} height={40} label="Reading the connections" />
        ) : data.items.length === 0 ? (
          <EmptyState icon={Plug} title="Nothing is connected yet">
            A connection leads to a bucket, a folder of the server, or another system’s catalog.
          </EmptyState>
        ) : (
          <ConnectionList connections={data.items} onAct={(act, of) => setOpen({ act, of })} />
        )}
      </div>
      {open?.act === "add" && <ConnectionDialog onClose={close} />}
      {open?.act === "change" && <ConnectionDialog of={open.of} onClose={close} />}
      {open?.act === "check" && open.of && <CheckDialog of={open.of} onClose={close} />}
      {open?.act === "rotate" && open.of && <RotateDialog of={open.of} onClose={close} />}
      {open?.act === "remove" && open.of && <RemoveDialog of={open.of} onClose={close} />}
    </Page>
  );
}
