import { useMutation, useQueryClient } from "@tanstack/react-query";
import { catalogs, connections } from "@/api/queries";
import type { Connection } from "@/api/types";
import { removeConnection } from "@/api/writes";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Failure } from "@/ui/failure";

export function RemoveDialog({ of, onClose }: { of: Connection; onClose: () => void }) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => removeConnection(of),
    onSuccess: async () => {
      await Promise.all([
        client.invalidateQueries({ queryKey: connections().queryKey }),
        client.invalidateQueries({ queryKey: catalogs().queryKey }),
      ]);
      onClose();
    },
  });
  return (
    <Dialog
      open
      alert
      onClose={onClose}
      title={`Remove ${of.name}?`}
      description="The data stays where it is. Saved queries and dashboards that read it fail until a connection has this name again."
      actions={
        <>
          <Button variant="danger" onClick={() => remove.mutate()} disabled={remove.isPending}>
            Remove
          </Button>
          <Button variant="ghost" keys="Esc" onClick={onClose} className="ml-auto">
            Cancel
          </Button>
        </>
      }
    >
      {remove.error && <Failure error={remove.error} what="The connection" />}
    </Dialog>
  );
}
