import { useQuery } from "@tanstack/react-query";
import { me } from "@/api/queries";

const useRole = () => useQuery({ ...me(), enabled: false }).data?.user.role;

/** Whether the person who looks may save and change what all see. */
export const useMayEdit = (): boolean => useRole() !== "viewer";

export const useIsAdmin = (): boolean => useRole() === "admin";
