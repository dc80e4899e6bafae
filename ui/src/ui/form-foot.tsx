import type { ReactNode } from "react";
import { Button } from "./button";

/** The way back, at the end of a row of buttons. */
export const CancelButton = ({ onCancel }: { onCancel: () => void }) => (
  <Button variant="ghost" keys="Esc" onClick={onCancel} className="ml-auto">
    Cancel
  </Button>
);

/** The buttons under a form of a dialog; `children` are more of them. */
export const FormFoot = (props: { submit: ReactNode; busy: boolean; onCancel: () => void; children?: ReactNode }) => (
  <div className="mt-5 flex gap-2">
    <Button type="submit" variant="primary" disabled={props.busy}>
      {props.submit}
    </Button>
    {props.children}
    <CancelButton onCancel={props.onCancel} />
  </div>
);
