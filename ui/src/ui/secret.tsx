import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { Button } from "./button";
import { Input } from "./field";

/** A secret to copy, selected by a click. */
export function Secret({ label, secret }: { label: string; secret: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(secret);
    setCopied(true);
  };
  return (
    <div className="mt-4 flex gap-2">
      <Input mono readOnly aria-label={label} value={secret} onFocus={(event) => event.currentTarget.select()} />
      <Button size="lg" icon={copied ? Check : Copy} onClick={() => void copy()}>
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
