import type { ErrorComponentProps } from '@tanstack/react-router'

export function RouteErrorPage({ error }: ErrorComponentProps) {
  return <p>{error instanceof Error ? error.message : null}</p>
}
