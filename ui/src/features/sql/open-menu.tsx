import { useQuery } from "@tanstack/react-query";
import { FileCode, FolderOpen, Search } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { savedQueries } from "@/api/queries";
import type { SavedQuery } from "@/api/types";

/** Opens a saved query in a tab. */
export function OpenMenu({ onOpen }: { onOpen: (query: SavedQuery) => void }) {
  const [open, setOpen] = useState(false);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className="wb-ib sm" aria-label="Open a saved query" title="Open a saved query">
        <FolderOpen size={16} strokeWidth={1.75} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="wb-pop wb-open" align="start" sideOffset={4} aria-label="Saved queries">
          <SavedList
            onOpen={(query) => {
              setOpen(false);
              onOpen(query);
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function SavedList({ onOpen }: { onOpen: (query: SavedQuery) => void }) {
  const [search, setSearch] = useState("");
  const list = useQuery({ ...savedQueries(), staleTime: 0 });
  const items = (list.data?.items ?? []).filter((query) =>
    query.title.toLowerCase().includes(search.trim().toLowerCase()),
  );
  return (
    <>
      <label className="wb-find">
        <Search size={14} />
        <input
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          placeholder="Find a saved query"
          aria-label="Find a saved query"
        />
      </label>
      {list.isError ? <p className="wb-note">The list could not be read. {list.error.message}</p> : null}
      {list.isSuccess && items.length === 0 ? (
        <p className="wb-note">
          {search === "" ? "Nobody has saved a query yet." : `No saved query is called “${search}”.`}
        </p>
      ) : null}
      <ul>
        {items.map((query) => (
          <li key={query.id}>
            <button type="button" className="wb-item" onClick={() => onOpen(query)}>
              <FileCode size={14} />
              <span className="name">{query.title}</span>
              <span className="wb-mut">{query.owner.name}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
