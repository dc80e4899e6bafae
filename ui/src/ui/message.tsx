import { CircleAlert, Inbox, Lock, TriangleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { Icon } from "./icon";

interface MessageProps {
  title: ReactNode;
  /** The cause, in plain words. */
  children?: ReactNode;
  /** One action, two at most. */
  actions?: ReactNode;
  className?: string;
}

function Message(props: MessageProps & { icon: LucideIcon; tone?: string; role?: string }) {
  const { icon, tone = "text-ink-3", title, children, actions, className, role } = props;
  return (
    <div role={role} className={cx("mt-4.5 max-w-[44ch]", className)}>
      <p className="mb-1 flex items-center gap-2 text-[14px]/5 font-strong">
        <Icon as={icon} className={tone} />
        {title}
      </p>
      {children && <div className="text-ink-2">{children}</div>}
      {actions && <div className="mt-3 flex flex-wrap gap-2">{actions}</div>}
    </div>
  );
}

/** Why nothing is here, and what is nearest. */
export const EmptyState = ({ icon = Inbox, ...rest }: MessageProps & { icon?: LucideIcon }) => (
  <Message icon={icon} {...rest} />
);

/** What failed, why, and the one thing to do. */
export const ErrorState = (props: MessageProps) => (
  <Message icon={CircleAlert} tone="text-bad" role="alert" {...props} />
);

/** Who may let the reader in. Only for those who may know that the thing exists. */
export const NotAllowedState = (props: MessageProps) => <Message icon={Lock} {...props} />;

/** A line above data that is stale or cut short, with its one action at the end. */
export function Strip({
  icon = TriangleAlert,
  children,
  action,
  className,
}: {
  icon?: LucideIcon;
  children: ReactNode;
  action?: ReactNode;
  className?: string;
}) {
  return (
    <div
      role="status"
      className={cx("flex min-h-8 items-center gap-2.5 rounded-row bg-warn-tint px-2.5 py-1.5 text-small", className)}
    >
      <Icon as={icon} size={14} className="text-warn" />
      <span>{children}</span>
      {action && <span className="ml-auto flex-none font-medium text-accent-text">{action}</span>}
    </div>
  );
}
