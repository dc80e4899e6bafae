import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Ellipsis, LayoutDashboard, Link as LinkIcon, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { dashboards, everyTable } from "@/api/queries";
import type { Listed } from "@/api/types";
import { UNTITLED } from "@/api/dashboards";
import { createDashboard, deleteDashboard } from "@/api/writes";
import { changed } from "@/lib/format";
import { find } from "@/lib/fuzzy";
import { useNow } from "@/lib/now";
import { Button, ButtonContent, buttonClass, IconButton } from "@/ui/button";
import { ConfirmDialog } from "@/ui/confirm-dialog";
import { Dialog } from "@/ui/dialog";
import { useDocumentHead } from "@/ui/document-head";
import { Failure } from "@/ui/failure";
import { SearchField } from "@/ui/field";
import { Menu } from "@/ui/menu";
import { EmptyState } from "@/ui/message";
import { Page, PageHead } from "@/ui/page";
import { PublicMark } from "@/ui/public-mark";
import { SkeletonRows } from "@/ui/skeleton";
import { ActionsTh, Table, Td, Th } from "@/ui/table";
import { useMayEdit } from "@/ui/use-role";
import { StarButton } from "./star-button";
import { useDashboards } from "./use-listed";
import { useStar } from "./use-star";

export function DashboardsPage() {
  useDocumentHead("Dashboards");
  const [text, setText] = useState("");
  const { items, error, refetch } = useDashboards();
  const found = (items ?? []).filter((board) => !text.trim() || find(board.title, text.trim()));
  const mayEdit = useMayEdit();
  return (
    <Page className="w-full">
      <PageHead
        title="Dashboards"
        actions={
          <>
            <SearchField
              label="Find a dashboard"
              value={text}
              onChange={(event) => setText(event.target.value)}
              className="w-62 max-phone:w-full noscript:hidden"
            />
            {mayEdit && <NewDashboard />}
          </>
        }
      />
      <div className="mt-6">
        {error ? (
          <Failure error={error} what="The list of dashboards" onRetry={() => void refetch()} />
        ) : !items ? (
          <SkeletonRows rows={8} height={40} label="Reading the dashboards" />
        ) : items.length === 0 ? (
          <NoDashboards />
        ) : found.length === 0 ? (
          <EmptyState title={`No dashboard is called “${text.trim()}”`} />
        ) : (
          <List boards={found} mayEdit={mayEdit} />
        )}
      </div>
    </Page>
  );
}

function List({ boards, mayEdit }: { boards: readonly Listed[]; mayEdit: boolean }) {
  const now = useNow();
  const star = useStar("dashboards");
  const [leaving, setLeaving] = useState<Listed | null>(null);
  return (
    <>
      <Table>
        <thead>
          <tr>
            <Th className="w-full">Name</Th>
            <Th className="max-phone:hidden">Collection</Th>
            <Th className="max-phone:hidden">Owner</Th>
            <Th className="pl-4">Changed</Th>
            <ActionsTh />
          </tr>
        </thead>
        <tbody>
          {boards.map((board) => (
            <tr key={board.id} className="group hover:bg-sunken">
              <Td tall className="max-w-0">
                <span className="flex items-center gap-1.5">
                  <Link to="/d/$slug" params={{ slug: board.slug }} className="truncate font-medium hover:underline">
                    {board.title}
                  </Link>
                  <StarButton
                    title={board.title}
                    starred={board.starred}
                    onToggle={() => star({ id: board.id, starred: !board.starred })}
                  />
                  {board.public && <PublicMark />}
                  {board.description && (
                    <span className="truncate text-small text-ink-3 max-laptop:hidden">{board.description}</span>
                  )}
                </span>
              </Td>
              <Td tall className="text-ink-2 max-phone:hidden">
                {board.collection}
              </Td>
              <Td tall className="text-ink-2 max-phone:hidden">
                {board.owner.name}
              </Td>
              <Td tall className="pl-4 text-ink-2">
                {changed(board.updated_at, now)}
              </Td>
              <Td tall right>
                <Menu
                  label={`Actions on ${board.title}`}
                  trigger={<IconButton icon={Ellipsis} size="sm" label={`Actions on ${board.title}`} />}
                  entries={[
                    {
                      label: "Copy link",
                      icon: LinkIcon,
                      onSelect: () => void navigator.clipboard.writeText(`${window.location.origin}/d/${board.slug}`),
                    },
                    ...(mayEdit
                      ? ([
                          "separator",
                          { label: "Delete", icon: Trash2, danger: true, onSelect: () => setLeaving(board) },
                        ] as const)
                      : []),
                  ]}
                />
              </Td>
            </tr>
          ))}
        </tbody>
      </Table>
      {leaving && <DeleteDialog board={leaving} onClose={() => setLeaving(null)} />}
    </>
  );
}

function DeleteDialog({ board, onClose }: { board: Listed; onClose: () => void }) {
  const client = useQueryClient();
  const remove = async () => {
    await deleteDashboard(board.id);
    await client.invalidateQueries({ queryKey: dashboards().queryKey });
  };
  return (
    <ConfirmDialog
      title={`Delete ${board.title}?`}
      description="It goes from everyone’s lists, and links to it stop working. The data is not touched."
      verb="Delete"
      what="The dashboard"
      act={remove}
      onClose={onClose}
    />
  );
}

/** Makes an empty dashboard over the first database there is, and opens it for editing. */
function NewDashboard() {
  const navigate = useNavigate();
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: async () => {
      const [first] = await client.fetchQuery(everyTable());
      return createDashboard({
        title: UNTITLED,
        definition: {
          catalog: first?.catalog ?? "",
          database: first?.database ?? "",
          queries: {},
          filters: [],
          tabs: [{ id: "overview", title: "Overview", tiles: [] }],
        },
      });
    },
    onSuccess: async ({ slug }) => {
      void client.invalidateQueries({ queryKey: dashboards().queryKey });
      await navigate({ to: "/d/$slug", params: { slug }, search: { edit: "1" } as never });
    },
  });
  return (
    <>
      <Button variant="primary" icon={Plus} onClick={() => create.mutate()} disabled={create.isPending}>
        New dashboard
      </Button>
      {create.error && (
        <Dialog open onClose={create.reset} title="No dashboard was made">
          <Failure error={create.error} what="The new dashboard" />
        </Dialog>
      )}
    </>
  );
}

const NoDashboards = () => (
  <EmptyState
    icon={LayoutDashboard}
    title="No dashboards yet"
    actions={
      <Link to="/sql" className={buttonClass()}>
        <ButtonContent>Write a query first</ButtonContent>
      </Link>
    }
  >
    A dashboard shows the results of queries as tiles, with filters that everyone can use.
  </EmptyState>
);
