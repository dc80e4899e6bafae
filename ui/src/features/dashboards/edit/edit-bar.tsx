import { CircleDot, Redo2, Undo2 } from "lucide-react";
import { useState } from "react";
import { count } from "@/lib/format";
import { useHotkey, useModKey } from "@/lib/hotkeys";
import { Button, IconButton } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Divider } from "@/ui/page";
import { Versions } from "./versions";
import type { Content } from "./draft";

/** The tinted bar that says what is edited, with undo, versions and the way out. */
export function EditBar(props: {
  id: string;
  title: string;
  changes: number;
  canRedo: boolean;
  saving: boolean;
  onUndo: () => void;
  onRedo: () => void;
  onRestore: (definition: Content["definition"]) => void;
  onDiscard: () => void;
  onSave: () => void;
}) {
  const { id, title, changes, canRedo, saving, onUndo, onRedo, onRestore, onDiscard, onSave } = props;
  const mod = useModKey();
  const [leaving, setLeaving] = useState(false);
  useHotkey("Escape", () => setLeaving(false), leaving);
  if (leaving && changes === 0) setLeaving(false);
  if (leaving)
    return (
      <div className="le-bar" role="alertdialog" aria-label="Discard what you changed?">
        <h1>{changes === 1 ? "Discard one change?" : `Discard ${count(changes, "change")}?`}</h1>
        <span className="le-state">Nothing brings it back.</span>
        <span className="ml-auto" />
        <Button autoFocus onClick={() => setLeaving(false)}>
          Keep editing
        </Button>
        <Button variant="danger" onClick={onDiscard}>
          Discard
        </Button>
      </div>
    );
  return (
    <div className="le-bar">
      <h1>Editing {title}</h1>
      <span className="le-state">
        <Icon as={CircleDot} size={12} />
        {changes === 0 ? "No changes" : `${count(changes, "change")}, draft kept in this browser`}
      </span>
      <span className="ml-auto" />
      <IconButton icon={Undo2} label="Undo" keys={`${mod}Z`} disabled={changes === 0} onClick={onUndo} />
      <IconButton icon={Redo2} label="Redo" keys={`${mod}⇧Z`} disabled={!canRedo} onClick={onRedo} />
      <Divider />
      <Versions id={id} onRestore={onRestore} />
      <Button onClick={changes > 0 ? () => setLeaving(true) : onDiscard}>Discard</Button>
      <Button variant="primary" keys={`${mod}S`} disabled={saving} onClick={onSave}>
        {saving ? "Saving" : "Save"}
      </Button>
    </div>
  );
}
