import { useState } from "react";
import { asApiError } from "../api";
import { FormDialog } from "./dialog";

interface Props {
  heading: string;
  title: string;
  onSave: (title: string) => Promise<void>;
  onClose: () => void;
}

export function SaveDialog({ heading, title: suggested, onSave, onClose }: Props) {
  const [title, setTitle] = useState(/^Untitled \d+$/.test(suggested) ? "" : suggested);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const save = async () => {
    if (title.trim() === "") return setProblem("Give it a title, so that others find it.");
    setBusy(true);
    try {
      await onSave(title.trim());
      onClose();
    } catch (error) {
      setProblem(asApiError(error).message);
      setBusy(false);
    }
  };
  return (
    <FormDialog
      title={heading}
      action="Save"
      busy={busy}
      problem={problem}
      onSubmit={() => void save()}
      onClose={onClose}
    >
      <label className="wb-field">
        <span>Title</span>
        <input value={title} onChange={(event) => setTitle(event.target.value)} maxLength={200} />
      </label>
    </FormDialog>
  );
}
