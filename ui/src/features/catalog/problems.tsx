import { Info, TriangleAlert } from "lucide-react";
import type { DataProblem } from "@/api/types";
import { Icon } from "@/ui/icon";
import { ErrorState, Strip } from "@/ui/message";

/** What is wrong with a table, worst first: what keeps it from being read, warnings, and remarks. */
export function Problems({ problems }: { problems: readonly DataProblem[] }) {
  return problems
    .toSorted((a, b) => Number(b.fatal) - Number(a.fatal))
    .map((problem) =>
      problem.fatal ? (
        <ErrorState key={problem.message} title="This table cannot be read" className="max-w-[70ch]!">
          {problem.message}
        </ErrorState>
      ) : problem.code === "NOTE" ? (
        <p key={problem.message} className="mt-3 flex max-w-[90ch] gap-2 text-small text-ink-2">
          <Icon as={Info} size={14} className="mt-px text-ink-3" />
          {problem.message}
        </p>
      ) : (
        <Strip key={problem.message} icon={TriangleAlert} className="mt-3">
          {problem.message}
        </Strip>
      ),
    );
}
