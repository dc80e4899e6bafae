import { useModKey } from "@/lib/hotkeys";
import { Dialog } from "@/ui/dialog";

const GROUPS: { title: string; keys: [string, string][] }[] = [
  {
    title: "Everywhere",
    keys: [
      ["mod K", "Search or jump to"],
      ["?", "These keys"],
      ["Esc", "Close what is open"],
    ],
  },
  {
    title: "Dashboard",
    keys: [
      ["E", "Edit"],
      ["F", "Filter"],
      ["R", "Refresh"],
      ["1 2 3", "Tabs"],
      ["V", "Full screen of the tile under the pointer"],
    ],
  },
  {
    title: "SQL",
    keys: [
      ["mod ↵", "Run the selection or the statement under the cursor"],
      ["mod ⇧ ↵", "Run all"],
      ["Esc", "Stop"],
      ["mod ⇧ F", "Format"],
      ["mod S", "Save"],
      ["mod /", "Comment"],
    ],
  },
];

export function Keys({ onClose }: { onClose: () => void }) {
  const mod = useModKey().trim();
  return (
    <Dialog open onClose={onClose} title="Keys" width={480}>
      {GROUPS.map(({ title, keys }) => (
        <section key={title} className="mt-4">
          <h3 className="mb-1 text-small font-medium text-ink-3">{title}</h3>
          <dl>
            {keys.map(([key, what]) => (
              <div
                key={key}
                className="flex min-h-8 items-center justify-between gap-4 border-b border-line last:border-0"
              >
                <dt>{what}</dt>
                <dd className="flex gap-1">
                  {key
                    .replace("mod", mod)
                    .split(" ")
                    .map((part) => (
                      <kbd key={part} className="rounded-1 bg-active px-1.5 font-sans text-small font-medium">
                        {part}
                      </kbd>
                    ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}
