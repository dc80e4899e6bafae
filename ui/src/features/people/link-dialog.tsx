import { useMutation } from "@tanstack/react-query";
import type { User } from "@/api/types";
import { signInLink } from "@/api/writes";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Failure } from "@/ui/failure";
import { CancelButton } from "@/ui/form-foot";
import { Secret } from "@/ui/secret";

/** A new link for someone who has none any more, or forgot the password. */
export function LinkDialog({ of, onClose }: { of: User; onClose: () => void }) {
  const make = useMutation({ mutationFn: () => signInLink(of.id) });
  return (
    <Dialog open alert onClose={onClose} title={`Sign-in link for ${of.name}`}>
      {make.data ? (
        <OneTimeLink name={of.name} secret={make.data.secret} onClose={onClose} />
      ) : (
        <>
          <p className="mt-2 text-ink-2">
            A link signs them in without a password, once, within 15 minutes. They set a password under Settings.
          </p>
          {make.error && <Failure error={make.error} what="The link" />}
          <div className="mt-5 flex gap-2">
            <Button variant="primary" onClick={() => make.mutate()} disabled={make.isPending}>
              Make the link
            </Button>
            <CancelButton onCancel={onClose} />
          </div>
        </>
      )}
    </Dialog>
  );
}

export function OneTimeLink({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  return (
    <>
      <p className="mt-2 text-ink-2">
        Pass this link on to {name}. It works once, within 15 minutes, and is not shown again.
      </p>
      <Secret label="The link" secret={secret} />
      <div className="mt-5 flex">
        <Button variant="primary" onClick={onClose}>
          Done
        </Button>
      </div>
    </>
  );
}
