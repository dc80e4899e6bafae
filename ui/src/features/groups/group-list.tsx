import { Ellipsis, Pencil, Trash2 } from "lucide-react";
import type { Group } from "@/api/types";
import { count } from "@/lib/format";
import { IconButton } from "@/ui/button";
import { Menu, type MenuEntry } from "@/ui/menu";
import { ActionsTh, Table, Td, Th } from "@/ui/table";

export type Act = "change" | "remove";

interface Props {
  groups: readonly Group[];
  onAct: (act: Act, of: Group) => void;
}

export const GroupList = ({ groups, onAct }: Props) => (
  <Table aria-label="Groups">
    <thead>
      <tr>
        <Th>Name</Th>
        <Th>People</Th>
        <Th className="w-full max-phone:hidden">
          <span className="sr-only">Their names</span>
        </Th>
        <ActionsTh />
      </tr>
    </thead>
    <tbody>
      {groups.map((group) => (
        <tr key={group.id} className="hover:bg-sunken">
          <Td tall className="max-w-64 truncate font-medium max-phone:max-w-44">
            {group.name}
          </Td>
          <Td tall className="pr-6 whitespace-nowrap text-ink-2">
            {group.members.length === 0 ? "Nobody" : count(group.members.length, "person", "people")}
          </Td>
          <Td tall className="max-w-0 truncate pr-6 text-ink-2 max-phone:hidden">
            {group.members.map((member) => member.name).join(", ")}
          </Td>
          <Td tall right>
            <Menu
              label={`What to do with ${group.name}`}
              entries={entries(group, onAct)}
              trigger={<IconButton icon={Ellipsis} label={`Actions for ${group.name}`} />}
            />
          </Td>
        </tr>
      ))}
    </tbody>
  </Table>
);

const entries = (of: Group, onAct: Props["onAct"]): MenuEntry[] => [
  { label: "Change", icon: Pencil, onSelect: () => onAct("change", of) },
  "separator",
  { label: "Remove", icon: Trash2, danger: true, onSelect: () => onAct("remove", of) },
];
