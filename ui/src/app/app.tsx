import { QueryClientProvider, type QueryClient } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { HeadContext, type HeadSink } from '@/ui/document-head'
import type { AppRouter } from './router'

/** The same tree on server and browser. */
export function App({ router, queryClient, head }: { router: AppRouter; queryClient: QueryClient; head: HeadSink | null }) {
  return (
    <StrictMode>
      <HeadContext value={head}>
        <QueryClientProvider client={queryClient}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </HeadContext>
    </StrictMode>
  )
}
