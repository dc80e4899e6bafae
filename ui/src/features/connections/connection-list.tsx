import { CircleAlert, CircleCheck, Clock, Ellipsis, KeyRound, Pencil, Stethoscope, Trash2 } from "lucide-react";
import type { Connection } from "@/api/types";
import { ago, count } from "@/lib/format";
import { useNow } from "@/lib/now";
import { IconButton } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Menu, type MenuEntry } from "@/ui/menu";
import { ActionsTh, Table, Td, Th } from "@/ui/table";
import { kindLabel } from "./kinds";

export type Act = "check" | "change" | "rotate" | "remove";

interface Props {
  connections: readonly Connection[];
  onAct: (act: Act, of: Connection) => void;
}

export const ConnectionList = ({ connections, onAct }: Props) => (
  <Table aria-label="Connections">
    <thead>
      <tr>
        <Th>Name</Th>
        <Th className="max-phone:hidden">Kind</Th>
        <Th className="w-full max-laptop:hidden">Place</Th>
        <Th>State</Th>
        <ActionsTh />
      </tr>
    </thead>
    <tbody>
      {connections.map((connection) => (
        <tr key={connection.id} className="hover:bg-sunken">
          <Td tall className="max-w-48 truncate font-medium">
            {connection.name}
          </Td>
          <Td tall className="pr-6 text-ink-2 max-phone:hidden">
            {kindLabel(connection.kind)}
          </Td>
          <Td tall className="max-w-0 truncate pr-6 font-mono text-small text-ink-2 max-laptop:hidden">
            {place(connection)}
          </Td>
          <Td tall className="max-w-96 max-phone:max-w-44">
            <State of={connection} />
          </Td>
          <Td tall right>
            <Menu
              label={`What to do with ${connection.name}`}
              entries={entries(connection, onAct)}
              trigger={<IconButton icon={Ellipsis} label={`Actions for ${connection.name}`} />}
            />
          </Td>
        </tr>
      ))}
    </tbody>
  </Table>
);

/** The field that says where it is, whichever the kind calls so. */
function place({ settings }: Connection): string {
  const said = ["uri", "url", "path", "region"]
    .map((name) => settings[name])
    .find((value) => typeof value === "string");
  return typeof said === "string" ? said : "";
}

function State({ of }: { of: Connection }) {
  const now = useNow();
  const { error, listed_at: listed, tables } = of.state;
  const [icon, tone, text] = error
    ? ([CircleAlert, "text-bad", error.message] as const)
    : listed
      ? ([CircleCheck, "text-ink-3", `${count(tables, "table")}, looked at ${ago(listed, now)}`] as const)
      : ([Clock, "text-ink-3", "Being listed for the first time"] as const);
  return (
    <span className="flex items-center gap-2">
      <Icon as={icon} size={14} className={tone} />
      <span className="truncate text-ink-2" title={error ? text : undefined}>
        {text}
      </span>
    </span>
  );
}

function entries(of: Connection, onAct: Props["onAct"]): MenuEntry[] {
  const check: MenuEntry = { label: "Check", icon: Stethoscope, onSelect: () => onAct("check", of) };
  if (of.origin !== "database") {
    const where = of.origin === "settings" ? "Stands in the settings file" : "The folder “lake” of the server";
    return [check, "separator", { heading: where }];
  }
  return [
    check,
    { label: "Change", icon: Pencil, onSelect: () => onAct("change", of) },
    ...(of.has_secret
      ? [{ label: "Replace the secret", icon: KeyRound, onSelect: () => onAct("rotate", of) } satisfies MenuEntry]
      : []),
    "separator",
    { label: "Remove", icon: Trash2, danger: true, onSelect: () => onAct("remove", of) },
  ];
}
