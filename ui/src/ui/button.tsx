import type { LucideIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "@/lib/cx";
import { Icon, iconHtml } from "./icon";
import { Kbd } from "./kbd";

export type ButtonVariant = "default" | "primary" | "ghost" | "danger";
/** 24, 28 and 36 px high. */
export type ButtonSize = "sm" | "md" | "lg";

const VARIANTS: Record<ButtonVariant, string> = {
  default: "bg-canvas shadow-ctl font-book hover:bg-hover",
  primary: "bg-accent text-on-accent font-strong hover:bg-accent-hover",
  ghost: "text-ink-2 font-book hover:bg-hover",
  danger: "bg-canvas text-bad shadow-ctl font-book hover:bg-bad-tint",
};
const SIZES: Record<ButtonSize, string> = {
  sm: "h-6 px-2 text-small",
  md: "h-7 px-2.5 max-phone:h-9",
  lg: "h-9 px-3.5 justify-center",
};

/** The look of a button, for links that act as one. */
export const buttonClass = (variant: ButtonVariant = "default", size: ButtonSize = "md", className?: string) =>
  cx(
    "inline-flex flex-none items-center gap-1.5 rounded-2 whitespace-nowrap select-none transition-colors duration-(--dur-1)",
    "disabled:opacity-50 disabled:pointer-events-none aria-disabled:opacity-50",
    VARIANTS[variant],
    SIZES[size],
    className,
  );

interface ButtonLook {
  variant?: ButtonVariant;
  size?: ButtonSize;
  icon?: LucideIcon;
  /** Icon after the text, e.g. a chevron. */
  iconAfter?: LucideIcon;
  /** The key that does the same. */
  keys?: string;
  children?: ReactNode;
}

export type ButtonProps = ButtonLook & ComponentProps<"button">;

export function Button({
  variant = "default",
  size = "md",
  icon,
  iconAfter,
  keys,
  className,
  children,
  ...rest
}: ButtonProps) {
  return (
    <button type="button" {...rest} className={buttonClass(variant, size, className)}>
      <ButtonContent variant={variant} icon={icon} iconAfter={iconAfter} keys={keys}>
        {children}
      </ButtonContent>
    </button>
  );
}

/** What stands inside a button; also for links with `buttonClass`. */
export function ButtonContent({ variant = "default", icon, iconAfter, keys, children }: ButtonLook) {
  const tone = variant === "default" ? "text-ink-3" : undefined;
  return (
    <>
      {icon && <Icon as={icon} size={14} className={tone} />}
      {children}
      {keys && <Kbd className={variant === "primary" ? "text-current! opacity-85" : undefined}>{keys}</Kbd>}
      {iconAfter && <Icon as={iconAfter} size={14} className={tone} />}
    </>
  );
}

export type IconButtonProps = ComponentProps<"button"> & {
  icon: LucideIcon;
  label: string;
  size?: "sm" | "md";
  keys?: string;
};

/** A square button with an icon; the label is its name and its tooltip. */
export function IconButton({ icon, label, size = "md", keys, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={keys ? `${label} (${keys})` : label}
      {...rest}
      className={iconButtonClass(size, className)}
      dangerouslySetInnerHTML={{ __html: iconHtml(icon) }}
    />
  );
}

export const iconButtonClass = (size: "sm" | "md" = "md", className?: string) =>
  cx(
    "inline-grid flex-none place-items-center rounded-2 text-ink-2 hover:bg-hover hover:text-ink disabled:opacity-38 disabled:pointer-events-none",
    size === "sm" ? "size-6" : "size-7 max-phone:size-10",
    className,
  );
