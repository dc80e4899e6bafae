import { useQueryClient } from "@tanstack/react-query";
import { table as tableQuery } from "@/api/queries";
import type { Table } from "@/api/types";
import { requirePartition } from "@/api/writes";
import { Failure } from "@/ui/failure";
import { Checkbox } from "@/ui/field";
import { SectionHead } from "@/ui/page";
import { useChoice } from "@/ui/use-choice";
import { useMayEdit } from "@/ui/use-role";

/** Which partition keys queries must narrow; editors choose them. */
export function Guard({ table }: { table: Table }) {
  const client = useQueryClient();
  const mayEdit = useMayEdit();
  const { catalog, database, name } = table;
  const rule = useChoice(table.require_partition ?? [], {
    mutationFn: (keys: string[]) => requirePartition(catalog, database, name, keys),
    onSuccess: (changed) => client.setQueryData(tableQuery(catalog, database, name).queryKey, changed),
  });
  const required = rule.shown;
  if (table.partition_keys.length === 0 || (!mayEdit && required.length === 0)) return null;
  return (
    <section>
      <SectionHead title="Queries must narrow" />
      {mayEdit ? (
        <div role="group" aria-label="Queries must narrow">
          {table.partition_keys.map((key) => (
            <Checkbox
              key={key.name}
              label={<span className="font-mono text-small">{key.name}</span>}
              checked={required.includes(key.name)}
              disabled={rule.saving}
              onChange={(event) =>
                rule.choose(
                  event.target.checked ? [...required, key.name] : required.filter((other) => other !== key.name),
                )
              }
            />
          ))}
        </div>
      ) : (
        <p className="font-mono text-small">{required.join(", ")}</p>
      )}
      <p className="mt-1 text-small text-ink-3">
        Who reads the table must compare {table.partition_keys.length > 1 ? "these keys" : "the key"} with constants.
      </p>
      {rule.error && <Failure error={rule.error} what="The rule" />}
    </section>
  );
}
