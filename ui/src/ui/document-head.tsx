import { createContext, useContext, useEffect } from "react";

/** What a page says about itself to the server: its title and status. In the browser the title goes to the document. */
export interface HeadSink {
  title?: string;
  status?: number;
}

export const HeadContext = createContext<HeadSink | null>(null);

export const fullTitle = (title: string | undefined) => (title ? `${title} · Lakefront` : "Lakefront");

/** Names the document; on the server also the HTTP status when it is not 200. */
export function useDocumentHead(title: string | undefined, status?: number) {
  const sink = useContext(HeadContext);
  if (sink) {
    sink.title = title;
    if (status) sink.status = status;
  }
  useEffect(() => {
    document.title = fullTitle(title);
  }, [title]);
}
