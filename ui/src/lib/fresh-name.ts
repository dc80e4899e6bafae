/** The name itself, or with the first number behind it that makes it nobody's. */
export function freshName(wanted: string, isTaken: (name: string) => boolean, before = "_"): string {
  let name = wanted;
  for (let n = 2; isTaken(name); n += 1) name = `${wanted}${before}${n}`;
  return name;
}
