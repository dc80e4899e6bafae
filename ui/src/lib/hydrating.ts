import { useSyncExternalStore } from "react";

const never = () => () => {};

/** True on the server and while the browser takes over its markup. */
export const useHydrating = (): boolean =>
  useSyncExternalStore(
    never,
    () => false,
    () => true,
  );
