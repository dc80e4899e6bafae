import { createContext, useContext, useEffect } from "react";

/** Where a page tells the server its title and status. In the browser the title goes to the document. */
export interface HeadSink {
  tell(title: string | undefined, status: number): void;
}

export const HeadContext = createContext<HeadSink | null>(null);

export const fullTitle = (title: string | undefined) => (title ? `${title} · Lakefront` : "Lakefront");

/** Names the document; on the server also gives the HTTP status. */
export function useDocumentHead(title: string | undefined, status = 200) {
  useContext(HeadContext)?.tell(title, status);
  useEffect(() => {
    document.title = fullTitle(title);
  }, [title]);
}
