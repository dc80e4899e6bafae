import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { CircleHelp, Menu as MenuIcon, Search, Settings } from "lucide-react";
import { me } from "@/api/queries";
import { cx } from "@/lib/cx";
import { IconButton, iconButtonClass } from "@/ui/button";
import { Icon } from "@/ui/icon";
import { Kbd } from "@/ui/kbd";
import { Logo } from "@/ui/logo";
import { Menu } from "@/ui/menu";
import { SECTIONS } from "./sections";
import { UserMenu } from "./user-menu";

export function TopBar({ onSearch, onKeys }: { onSearch: () => void; onKeys: () => void }) {
  const path = useLocation({ select: (location) => location.pathname });
  const user = useQuery({ ...me(), enabled: false }).data?.user;
  return (
    <header className="sticky top-0 z-10 flex h-(--bar-h) flex-none items-center gap-1.5 border-b border-line bg-canvas pr-5 pl-8 max-phone:pr-3 max-phone:pl-2.5 print:hidden">
      <Menu
        label="Pages"
        align="start"
        width={240}
        entries={SECTIONS.map(({ to, label, owns }) => ({ label, href: to, checked: owns.test(path) || undefined }))}
        trigger={<IconButton icon={MenuIcon} label="Menu" className="phone:hidden" />}
      />
      <Link
        to="/"
        aria-label="Lakefront home"
        className="mr-5.5 flex items-center gap-2.25 text-[14px] tracking-[-0.012em] max-phone:mr-0 max-phone:ml-1"
      >
        <Logo />
        <b className="font-[650]">Lakefront</b>
      </Link>
      <nav aria-label="Main" className="flex h-full gap-0.5 max-phone:hidden">
        {SECTIONS.map(({ to, label, owns }) => (
          <Link
            key={to}
            to={to}
            aria-current={owns.test(path) ? "page" : undefined}
            className={cx(
              "relative flex items-center px-2.5",
              owns.test(path)
                ? "font-strong text-ink after:absolute after:inset-x-2.5 after:-bottom-px after:h-0.5 after:bg-ink"
                : "font-book text-ink-2 hover:text-ink",
            )}
          >
            {label}
          </Link>
        ))}
      </nav>
      <span className="flex-1" />
      <button
        type="button"
        onClick={onSearch}
        aria-keyshortcuts="Meta+K Control+K"
        className="mr-1.5 flex h-7 w-62 items-center gap-2 rounded-2 bg-sunken px-2 text-ink-3 hover:bg-hover max-laptop:w-9 max-phone:hidden dark:bg-raised"
      >
        <Icon as={Search} size={14} />
        <span className="max-laptop:sr-only">Search or jump to</span>
        <span className="ml-auto max-laptop:hidden">
          <Kbd>
            <span className="mod-key" />K
          </Kbd>
        </span>
      </button>
      <IconButton icon={Search} label="Search" className="phone:hidden" onClick={onSearch} />
      <IconButton icon={CircleHelp} label="Help and keys" keys="?" className="max-phone:hidden" onClick={onKeys} />
      <Link to="/settings" aria-label="Settings" title="Settings" className={iconButtonClass("md", "max-phone:hidden")}>
        <Icon as={Settings} />
      </Link>
      {user && <UserMenu name={user.name} email={user.email} role={user.role} />}
    </header>
  );
}
