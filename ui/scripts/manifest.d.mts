export interface Chunk {
  file: string;
  isEntry?: boolean;
  imports?: string[];
}
export type Manifest = Record<string, Chunk>;
export const CLIENT: string;
export function readManifest(): Manifest;
export function closure(manifest: Manifest, key: string | undefined, seen?: Set<string>): Set<string>;
export function entryOf(manifest: Manifest): string | undefined;
export function isPage(key: string): boolean;
export function pagePreloads(manifest: Manifest): Record<string, string[]>;
