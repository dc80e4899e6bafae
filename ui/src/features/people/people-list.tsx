import { useQuery } from "@tanstack/react-query";
import { Ellipsis, Link2, Pencil, UserCheck, UserX } from "lucide-react";
import { me } from "@/api/queries";
import type { User } from "@/api/types";
import { changed } from "@/lib/format";
import { useNow } from "@/lib/now";
import { IconButton } from "@/ui/button";
import { Menu, type MenuEntry } from "@/ui/menu";
import { ActionsTh, Table, Td, Th } from "@/ui/table";
import { ROLES } from "./roles";

export type Act = "change" | "link" | "access";

interface Props {
  people: readonly User[];
  onAct: (act: Act, of: User) => void;
}

export function PeopleList({ people, onAct }: Props) {
  const own = useQuery({ ...me(), enabled: false }).data?.user.id;
  const now = useNow();
  return (
    <Table aria-label="People">
      <thead>
        <tr>
          <Th>Name</Th>
          <Th className="w-full max-phone:hidden">E-mail</Th>
          <Th>Role</Th>
          <Th className="max-phone:hidden">Signed in</Th>
          <ActionsTh />
        </tr>
      </thead>
      <tbody>
        {people.map((person) => (
          <tr key={person.id} className="hover:bg-sunken">
            <Td tall className="max-w-64 truncate pr-6 font-medium max-phone:max-w-36">
              {person.name}
              {person.id === own && <span className="font-normal text-ink-3"> (you)</span>}
            </Td>
            <Td tall className="max-w-0 truncate pr-6 text-ink-2 max-phone:hidden">
              {person.email}
            </Td>
            <Td tall className="pr-6 whitespace-nowrap text-ink-2">
              {person.disabled ? <span className="text-warn">Disabled</span> : ROLES[person.role].label}
            </Td>
            <Td tall className="pr-6 whitespace-nowrap text-ink-2 max-phone:hidden">
              {person.last_sign_in_at === null ? "Never" : changed(person.last_sign_in_at, now)}
            </Td>
            <Td tall right>
              <Menu
                label={`What to do with ${person.name}`}
                entries={entries(person, person.id === own, onAct)}
                trigger={<IconButton icon={Ellipsis} label={`Actions for ${person.name}`} />}
              />
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

const entries = (of: User, isOwn: boolean, onAct: Props["onAct"]): MenuEntry[] => [
  { label: "Change", icon: Pencil, onSelect: () => onAct("change", of) },
  ...(of.disabled ? [] : [{ label: "New sign-in link", icon: Link2, onSelect: () => onAct("link", of) }]),
  ...(isOwn
    ? []
    : ([
        "separator",
        of.disabled
          ? { label: "Let in again", icon: UserCheck, onSelect: () => onAct("access", of) }
          : { label: "Disable", icon: UserX, danger: true, onSelect: () => onAct("access", of) },
      ] satisfies MenuEntry[])),
];
