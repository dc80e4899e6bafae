import { useQueryClient } from "@tanstack/react-query";
import { groups } from "@/api/queries";
import type { Group } from "@/api/types";
import { removeGroup } from "@/api/writes";
import { ConfirmDialog } from "@/ui/confirm-dialog";

export function RemoveDialog({ of, onClose }: { of: Group; onClose: () => void }) {
  const client = useQueryClient();
  const remove = async () => {
    await removeGroup(of.id);
    await client.invalidateQueries({ queryKey: groups().queryKey });
  };
  return (
    <ConfirmDialog
      title={`Remove ${of.name}?`}
      description="Its people stay. Rules of connections for the group no longer concern anyone."
      verb="Remove"
      what="The group"
      act={remove}
      onClose={onClose}
    />
  );
}
