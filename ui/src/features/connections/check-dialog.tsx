import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Connection } from "@/api/types";
import { checkConnection } from "@/api/writes";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Failure } from "@/ui/failure";
import { SkeletonRows } from "@/ui/skeleton";
import { CheckResult } from "./check-report";
import { LimitWorkgroup } from "./limit-workgroup";

/** Tries a kept connection as it is. */
export function CheckDialog({ of, onClose }: { of: Connection; onClose: () => void }) {
  const { mutate, data, error, isPending } = useMutation({ mutationFn: () => checkConnection(of.id, {}) });
  useEffect(() => mutate(), [mutate]);
  return (
    <Dialog
      open
      width={560}
      onClose={onClose}
      title={`Check of ${of.name}`}
      actions={
        <>
          <Button onClick={() => mutate()} disabled={isPending}>
            Check again
          </Button>
          <Button variant="ghost" keys="Esc" onClick={onClose} className="ml-auto">
            Close
          </Button>
        </>
      }
    >
      {error ? (
        <Failure error={error} what="The connection" />
      ) : data && !isPending ? (
        <CheckResult report={data} mends={{ limit_workgroup: <LimitWorkgroup id={of.id} onDone={mutate} /> }} />
      ) : (
        <SkeletonRows rows={3} height={28} label="Checking" />
      )}
    </Dialog>
  );
}
