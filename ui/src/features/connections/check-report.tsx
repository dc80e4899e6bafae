import { Check, CircleAlert, Copy } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import type { CheckReport, CheckStep } from "@/api/types";
import { cx } from "@/lib/cx";
import { Button } from "@/ui/button";
import { Icon } from "@/ui/icon";

type Mends = Record<NonNullable<CheckStep["mend"]>, ReactNode>;

/** What was tried, one line each, and what to add to the policy; `mends` is what can be done about a step here. */
export function CheckResult({ report, mends }: { report: CheckReport; mends?: Mends }) {
  const here = useRef<HTMLDivElement>(null);
  // It stands below a long form.
  useEffect(() => void here.current?.scrollIntoView({ block: "nearest" }), []);
  const failed = report.checks.filter((step) => !step.ok).length;
  return (
    <div ref={here} role="status" className="mt-4 border-t border-line pt-3.5">
      <h3 className="mb-1.5 font-strong">
        {report.ok ? "It works" : failed === 1 ? "One thing does not work" : `${failed} things do not work`}
      </h3>
      <ul>
        {report.checks.map((step, i) => (
          <Step key={i} step={step}>
            {step.mend && mends?.[step.mend]}
          </Step>
        ))}
      </ul>
      {report.policy && <Policy text={JSON.stringify(report.policy, null, 2)} />}
    </div>
  );
}

const Step = ({ step, children }: { step: CheckStep; children: ReactNode }) => (
  <li className="flex gap-2 py-1">
    <Icon as={step.ok ? Check : CircleAlert} size={14} className={cx("mt-0.75", step.ok ? "text-ink-3" : "text-bad")} />
    <div className="min-w-0 wrap-anywhere">
      <span className="sr-only">{step.ok ? "Passed: " : "Failed: "}</span>
      <b className="font-medium">{step.name}</b> <span className="text-ink-2">{step.detail}</span>
      {step.hint && <span className="block text-small text-ink-2">{step.hint}</span>}
      {children}
    </div>
  </li>
);

function Policy({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <section className="mt-3">
      <div className="mb-1.5 flex items-center gap-2">
        <h4 className="font-medium">Add to the policy in IAM</h4>
        <Button size="sm" icon={copied ? Check : Copy} onClick={() => void copy()} className="ml-auto">
          {copied ? "Copied" : "Copy"}
        </Button>
      </div>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a long text is scrolled by keys too */}
      <pre tabIndex={0} className={POLICY}>
        {text}
      </pre>
    </section>
  );
}

const POLICY = "max-h-56 overflow-auto rounded-row bg-sunken px-2.5 py-2 font-mono text-small/4.75";
