import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { LayoutDashboard, SquareTerminal } from "lucide-react";
import { useState } from "react";
import { everyTable } from "@/api/queries";
import { cx } from "@/lib/cx";
import { find } from "@/lib/fuzzy";
import { ButtonContent, buttonClass } from "@/ui/button";
import { useDocumentHead } from "@/ui/document-head";
import { Failure } from "@/ui/failure";
import { SearchField } from "@/ui/field";
import { EmptyState } from "@/ui/message";
import { Page, PageHead, SectionHead } from "@/ui/page";
import { SkeletonRows } from "@/ui/skeleton";
import { RecentRuns } from "./recent-runs";
import { RecentTables } from "./recent-tables";
import { SavedList } from "./saved-list";
import { useDashboards, useSavedQueries } from "./use-listed";

const RECENT = 8;

export function HomePage() {
  useDocumentHead("Home");
  const [text, setText] = useState("");
  // In one column, what stands below waits for what stands above: nothing moves that is being read.
  const boards = useDashboards();
  const queries = useSavedQueries();
  const tables = useQuery(everyTable());
  return (
    <Page className="w-full">
      <PageHead
        title="Home"
        actions={
          <>
            <SearchField
              label="Find a dashboard or query"
              value={text}
              onChange={(event) => setText(event.target.value)}
              className="w-62 max-phone:w-full noscript:hidden"
            />
            <Link to="/sql" className={buttonClass()}>
              <ButtonContent icon={SquareTerminal}>New query</ButtonContent>
            </Link>
          </>
        }
      />
      <div className="mt-7 grid grid-cols-[1fr_360px] gap-x-12 gap-y-9 max-laptop:grid-cols-1">
        <SavedThings text={text.trim()} />
        <div
          className={cx(
            "flex min-w-0 flex-col gap-9 noscript:hidden",
            !(boards.items && queries.items) && "max-laptop:hidden",
          )}
        >
          <RecentTables />
          {!tables.isPending && <RecentRuns />}
        </div>
      </div>
    </Page>
  );
}

function SavedThings({ text }: { text: string }) {
  const boards = useDashboards();
  const queries = useSavedQueries();
  const failed = [boards, queries].find((query) => query.error);
  if (failed?.error)
    return <Failure error={failed.error} what="Your dashboards" onRetry={() => void failed.refetch()} />;
  if (!boards.items || !queries.items) {
    return (
      <section>
        <SectionHead title="Recent" />
        <SkeletonRows rows={6} height={36} label="Reading dashboards and queries" />
      </section>
    );
  }
  const all = [...boards.items, ...queries.items].sort((a, b) => b.updated_at.localeCompare(a.updated_at));
  if (all.length === 0) return <NothingYet />;
  if (text) {
    const found = all.filter((item) => find(item.title, text));
    return (
      <section>
        <SectionHead title="Found" note={`${found.length} of ${all.length}`} />
        {found.length ? (
          <SavedList items={found} label="Found" />
        ) : (
          <EmptyState title={`Nothing is called “${text}”`}>Tables are found by the search at the top.</EmptyState>
        )}
      </section>
    );
  }
  const starred = all.filter((item) => item.starred);
  return (
    <div className="flex min-w-0 flex-col gap-9">
      {starred.length > 0 && (
        <section>
          <SectionHead title="Starred" />
          <SavedList items={starred} label="Starred" />
        </section>
      )}
      <section>
        <SectionHead
          title="Recent"
          note="dashboards and queries"
          actions={
            <Link to="/dashboards" className="text-small font-medium text-accent-text hover:underline">
              All dashboards
            </Link>
          }
        />
        <SavedList items={all.filter((item) => !item.starred).slice(0, RECENT)} label="Recent" />
      </section>
    </div>
  );
}

const NothingYet = () => (
  <EmptyState
    icon={LayoutDashboard}
    title="Nothing is saved yet"
    className="mt-0"
    actions={
      <>
        <Link to="/sql" className={buttonClass("primary")}>
          Write a query
        </Link>
        <Link to="/data" className={buttonClass()}>
          Look at the data
        </Link>
      </>
    }
  >
    Dashboards and queries that you save or star are listed here. A first query is a good start.
  </EmptyState>
);
