export function NotFoundPage() {
  return <p>There is nothing at this address.</p>
}
