import { useEffect, useState, type ComponentType } from "react";
import { useDocumentHead } from "@/ui/document-head";

/**
 * The workbench needs the browser: its editor, its drafts, its workers. The
 * server sends a frame of the final size with a plain field for the text, and
 * the browser puts the workbench in its place.
 */
export function SqlPage() {
  const [Workbench, setWorkbench] = useState<ComponentType | null>(null);
  const [failed, setFailed] = useState(false);
  useDocumentHead("SQL");
  useEffect(() => {
    import("./workbench").then(
      (module) => setWorkbench(() => module.default),
      () => setFailed(true),
    );
  }, []);
  return (
    <div className="flex h-[calc(100dvh-var(--bar-h))] min-h-0 flex-col">
      <h1 className="sr-only">SQL</h1>
      <p className="hidden px-4 py-2 text-small text-ink-2 max-phone:block">
        The workbench is made for a larger screen; here it is best for reading.
      </p>
      {Workbench ? <Workbench /> : <Frame failed={failed} />}
    </div>
  );
}

function Frame({ failed }: { failed: boolean }) {
  return (
    <div className="flex min-h-0 flex-1">
      <aside
        className="w-[272px] flex-none border-r border-line bg-sunken max-[1180px]:w-[224px] max-[860px]:hidden"
        aria-label="Catalog"
      />
      <section className="flex min-w-0 flex-1 flex-col" aria-label="SQL workbench">
        <div className="h-[38px] flex-none border-b border-line bg-sunken" />
        <div className="h-[46px] flex-none" />
        <textarea
          className="min-h-0 flex-1 basis-1/2 resize-none border-t border-line bg-canvas py-2 pr-4 pl-[76px] font-mono text-base outline-none"
          aria-label="SQL"
          placeholder="select …"
          readOnly
        />
        <div className="min-h-0 flex-1 basis-1/2 border-t border-line px-4 py-7 text-ink-2">
          {failed ? (
            "The workbench did not load. Reload the page to try again."
          ) : (
            <noscript>Running SQL needs JavaScript. Dashboards can be read without it.</noscript>
          )}
        </div>
        <div className="h-8 flex-none border-t border-line" />
      </section>
    </div>
  );
}
