import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { users } from "@/api/queries";
import type { User } from "@/api/types";
import { Button } from "@/ui/button";
import { useDocumentHead } from "@/ui/document-head";
import { Failure } from "@/ui/failure";
import { SearchField } from "@/ui/field";
import { Page, PageHead } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";
import { AccessDialog } from "./access-dialog";
import { LinkDialog } from "./link-dialog";
import { PeopleList, type Act } from "./people-list";
import { PersonDialog } from "./person-dialog";

/** More than this many people are searched rather than read. */
const MANY = 12;

export function PeoplePage() {
  useDocumentHead("People");
  const { data, error, isPending, refetch } = useQuery(users());
  const [open, setOpen] = useState<{ act: "add" } | { act: Act; of: User } | null>(null);
  const [search, setSearch] = useState("");
  const close = () => setOpen(null);
  const wanted = search.trim().toLowerCase();
  const shown = data?.items.filter(({ name, email }) => `${name}\n${email}`.toLowerCase().includes(wanted)) ?? [];
  return (
    <Page className="w-full">
      <PageHead
        title="People"
        actions={
          !error && (
            <Button variant="primary" icon={Plus} onClick={() => setOpen({ act: "add" })}>
              Add a person
            </Button>
          )
        }
      />
      <p className="mt-1 max-w-[70ch] text-ink-2">Everyone who can sign in, and what they may do.</p>
      <div className="mt-5">
        {error ? (
          <Failure error={error} what="The people" onRetry={() => void refetch()} />
        ) : isPending ? (
          <SkeletonRows rows={4} height={40} label="Reading the people" />
        ) : (
          <>
            {data.items.length > MANY && (
              <SearchField
                label="Find people"
                className="mb-3 w-72 max-phone:w-full"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
              />
            )}
            <PeopleList people={shown} onAct={(act, of) => setOpen({ act, of })} />
            {shown.length === 0 && <p className="mt-3 text-ink-2">Nobody is called so.</p>}
          </>
        )}
      </div>
      {open?.act === "add" && <PersonDialog onClose={close} />}
      {open?.act === "change" && <PersonDialog of={open.of} onClose={close} />}
      {open?.act === "link" && <LinkDialog of={open.of} onClose={close} />}
      {open?.act === "access" && <AccessDialog of={open.of} onClose={close} />}
    </Page>
  );
}
