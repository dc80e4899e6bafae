import { Star } from "lucide-react";
import { IconButton } from "@/ui/button";

export function StarButton({ title, starred, onToggle }: { title: string; starred: boolean; onToggle: () => void }) {
  return (
    <IconButton
      icon={Star}
      size="sm"
      label={starred ? `Unstar ${title}` : `Star ${title}`}
      aria-pressed={starred}
      onClick={onToggle}
      className={
        starred
          ? "text-accent! [&_svg]:size-3.5 [&_svg]:fill-current"
          : "text-ink-3! opacity-0 group-hover:opacity-100 focus-visible:opacity-100 max-phone:opacity-100 [&_svg]:size-3.5"
      }
    />
  );
}
