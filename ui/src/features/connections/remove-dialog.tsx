import { useQueryClient } from "@tanstack/react-query";
import { catalogs, connections } from "@/api/queries";
import type { Connection } from "@/api/types";
import { removeConnection } from "@/api/writes";
import { ConfirmDialog } from "@/ui/confirm-dialog";

export function RemoveDialog({ of, onClose }: { of: Connection; onClose: () => void }) {
  const client = useQueryClient();
  const remove = async () => {
    await removeConnection(of);
    await Promise.all([
      client.invalidateQueries({ queryKey: connections().queryKey }),
      client.invalidateQueries({ queryKey: catalogs().queryKey }),
    ]);
  };
  return (
    <ConfirmDialog
      title={`Remove ${of.name}?`}
      description="The data stays where it is. Saved queries and dashboards that read it fail until a connection has this name again."
      verb="Remove"
      what="The connection"
      act={remove}
      onClose={onClose}
    />
  );
}
