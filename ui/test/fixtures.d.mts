export const NOW: string;
export const me: unknown;
export function answer(path: string): unknown;
