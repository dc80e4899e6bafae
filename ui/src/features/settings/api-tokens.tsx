import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { apiTokens } from "@/api/queries";
import type { ApiToken, NewApiToken } from "@/api/types";
import { revokeToken } from "@/api/writes";
import { ago, date } from "@/lib/format";
import { useNow } from "@/lib/now";
import { Button } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { Dialog } from "@/ui/dialog";
import { Failure } from "@/ui/failure";
import { Secret } from "@/ui/secret";
import { SkeletonRows } from "@/ui/skeleton";
import { ActionsTh, Table, Td, Th } from "@/ui/table";
import { NewTokenForm } from "./new-token-form";

export function ApiTokens() {
  const client = useQueryClient();
  const { data, isPending, error, refetch } = useQuery(apiTokens());
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<NewApiToken | null>(null);
  const [revoking, setRevoking] = useState<ApiToken | null>(null);

  const onMade = (token: NewApiToken) => {
    setMaking(false);
    setMade(token);
    void client.invalidateQueries({ queryKey: apiTokens().queryKey });
  };
  if (error) return <Failure error={error} what="Your tokens" onRetry={() => void refetch()} />;
  return (
    <>
      {isPending ? (
        <SkeletonRows rows={2} height={40} label="Reading your tokens" />
      ) : data.items.length === 0 ? (
        <p className="text-ink-2">You have no tokens.</p>
      ) : (
        <List tokens={data.items} onRevoke={setRevoking} />
      )}
      {data && (
        <Button icon={Plus} onClick={() => setMaking(true)} className="mt-4">
          New token
        </Button>
      )}
      <Dialog open={making} onClose={() => setMaking(false)} title="New API token">
        <NewTokenForm onMade={onMade} onCancel={() => setMaking(false)} />
      </Dialog>
      <Dialog
        open={made !== null}
        onClose={() => setMade(null)}
        alert
        title="Copy the token now"
        description="It is shown this once; only its first characters are kept in sight."
        actions={
          <Button variant="primary" onClick={() => setMade(null)}>
            Done
          </Button>
        }
      >
        {made && <Secret label="The token" secret={made.secret} />}
      </Dialog>
      {revoking && <RevokeDialog token={revoking} onClose={() => setRevoking(null)} />}
    </>
  );
}

function List({ tokens, onRevoke }: { tokens: readonly ApiToken[]; onRevoke: (token: ApiToken) => void }) {
  const now = useNow();
  return (
    <Table aria-label="API tokens">
      <thead>
        <tr>
          <Th>Name</Th>
          <Th>Token</Th>
          <Th>May</Th>
          <Th className="max-phone:hidden">Last used</Th>
          <Th className="max-phone:hidden">Ends</Th>
          <ActionsTh />
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <tr key={token.id}>
            <Td tall className="max-w-60 truncate font-medium">
              {token.name}
            </Td>
            <Td tall className="font-mono text-small text-ink-2">
              {token.prefix}…
            </Td>
            <Td tall className="text-ink-2">
              {token.scopes.join(", ")}
            </Td>
            <Td tall className="text-ink-2 max-phone:hidden">
              {token.last_used_at ? ago(token.last_used_at, now) : "never"}
            </Td>
            <Td tall className="text-ink-2 max-phone:hidden">
              {token.expires_at ? date(token.expires_at) : "never"}
            </Td>
            <Td tall right>
              <Button size="sm" variant="ghost" aria-label={`Revoke ${token.name}`} onClick={() => onRevoke(token)}>
                Revoke
              </Button>
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function RevokeDialog({ token, onClose }: { token: ApiToken; onClose: () => void }) {
  const client = useQueryClient();
  const revoke = async () => {
    await revokeToken(token.id);
    await client.invalidateQueries({ queryKey: apiTokens().queryKey });
  };
  return (
    <ConfirmDialog
      title={`Revoke ${token.name}?`}
      description="Programs that use it are refused from now on. This cannot be undone."
      verb="Revoke"
      what="The token"
      act={revoke}
      onClose={onClose}
    />
  );
}
