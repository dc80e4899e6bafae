/**
 * Where to go after signing in. Only a path of this site is taken, so that a link cannot send someone elsewhere:
 * `//host`, `/\host` and control characters that a browser would drop are refused.
 */
export function nextPath(wanted: unknown): string {
  if (typeof wanted !== "string" || !/^\/(?![/\\])/.test(wanted) || hasControl(wanted)) return "/";
  return /^\/(signin|setup)(?:[/?#]|$)/.test(wanted) ? "/" : wanted;
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) < 0x20 || text[i] === "\\") return true;
  return false;
}
