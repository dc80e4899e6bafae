import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { limitWorkgroup } from "@/api/writes";
import { Button } from "@/ui/button";
import { Failure } from "@/ui/failure";

/** Gives a workgroup the limit that holds here, once it was said whom else that concerns. */
export function LimitWorkgroup({ id, onDone }: { id: string; onDone: () => void }) {
  const [asked, setAsked] = useState(false);
  const limit = useMutation({ mutationFn: () => limitWorkgroup(id), onSuccess: onDone });
  if (!asked)
    return (
      <Button size="sm" className="mt-1.5" onClick={() => setAsked(true)}>
        Set the limit
      </Button>
    );
  return (
    <div className="mt-1.5">
      <p className="text-ink-2">
        It then holds for everyone who uses the workgroup, also outside Lakefront. A workgroup that a stack has made is
        better limited there, or the stack takes it back.
      </p>
      {limit.error && <Failure error={limit.error} what="The workgroup" />}
      <Button
        size="sm"
        variant="primary"
        className="mt-2"
        autoFocus
        disabled={limit.isPending}
        onClick={() => limit.mutate()}
      >
        {limit.isPending ? "Setting it…" : "Set it for everyone"}
      </Button>
    </div>
  );
}
