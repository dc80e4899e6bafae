export function Logo({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" aria-hidden className="flex-none">
      <path d="M4.5 9.5a5.5 5.5 0 0 1 11 0z" fill="var(--accent)" />
      <path d="M1.5 11.75h17M4.5 14.75h11M7.5 17.75h5" stroke="var(--text)" strokeWidth="1.5" strokeLinecap="round" />
    </svg>
  );
}
