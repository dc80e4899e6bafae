import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { ApiError } from "@/api/error";
import { changePassword } from "@/api/writes";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";

/** Changes the password; someone who came by a link has none yet and leaves the first field empty. */
export function PasswordForm() {
  const [open, setOpen] = useState(false);
  const change = useMutation({ mutationFn: changePassword, onSuccess: () => setOpen(false) });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    change.mutate({ current: String(form.get("current")), new: String(form.get("new")) });
  };
  if (!open) {
    return (
      <div className="flex items-center gap-3">
        <Button onClick={() => setOpen(true)}>Change password</Button>
        {change.isSuccess && <span role="status">Changed. Your other sessions have ended.</span>}
      </div>
    );
  }
  const error = change.error;
  const wrongCurrent = error instanceof ApiError && error.code === "WRONG_CREDENTIALS";
  return (
    <form onSubmit={submit} className="max-w-85">
      <Field
        label="Current password"
        hint="Leave it empty if you have always signed in by a link."
        error={wrongCurrent && error.message}
      >
        {(control) => <Input {...control} name="current" type="password" autoComplete="current-password" autoFocus />}
      </Field>
      <Field label="New password" hint="At least 10 characters." error={!wrongCurrent && error?.message}>
        {(control) => (
          <Input {...control} name="new" type="password" autoComplete="new-password" required minLength={10} />
        )}
      </Field>
      <div className="flex gap-2">
        <Button type="submit" variant="primary" disabled={change.isPending}>
          Change password
        </Button>
        <Button variant="ghost" onClick={() => setOpen(false)}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
