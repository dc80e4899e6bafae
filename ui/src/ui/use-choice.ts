import { type UseMutationOptions, useMutation } from "@tanstack/react-query";
import { useState } from "react";

/**
 * A setting that is saved as soon as it is chosen. What was chosen is `shown` in the same event, so that a box stays as
 * it was clicked (a mutation tells of itself only later); a refusal takes it back.
 */
export function useChoice<Value, Saved>(kept: Value, options: UseMutationOptions<Saved, Error, Value>) {
  const [chosen, setChosen] = useState<{ value: Value }>();
  const { mutate, error } = useMutation(options);
  const choose = (value: Value): void => {
    setChosen({ value });
    // What is kept now is told in a task of its own, which is before this one.
    mutate(value, { onSettled: () => setTimeout(() => setChosen(undefined)) });
  };
  return { shown: chosen ? chosen.value : kept, saving: chosen !== undefined, choose, error };
}
