import { Checkbox, Field, Input, Select, TextArea } from "@/ui/field";
import { shownFields, type FieldSpec, type Kind, type Values } from "./kinds";

interface Props {
  kind: Kind;
  values: Values;
  /** Whether a secret is kept already; its field is then empty, and may stay so. */
  hasSecret: boolean;
  onChange: (name: string, value: string | boolean) => void;
}

/** The fields of one kind, as far as they count for what is chosen. */
export const ConnectionFields = ({ kind, values, hasSecret, onChange }: Props) => (
  <div className="grid grid-cols-2 gap-x-4">
    {shownFields(kind, values).map((field) =>
      field.tick ? (
        <Checkbox
          key={field.name}
          label={field.label}
          checked={values[field.name] === true}
          onChange={(event) => onChange(field.name, event.target.checked)}
          className="col-span-2 mb-3.5"
        />
      ) : (
        <Field
          key={field.name}
          label={field.label}
          hint={field.hint}
          className={field.half ? "max-phone:col-span-2" : "col-span-2"}
        >
          {(control) => (
            <Control
              field={field}
              hasSecret={hasSecret}
              value={String(values[field.name] ?? "")}
              onChange={(value) => onChange(field.name, value)}
              control={control}
            />
          )}
        </Field>
      ),
    )}
  </div>
);

function Control(props: {
  field: FieldSpec;
  hasSecret: boolean;
  value: string;
  onChange: (value: string) => void;
  control: object;
}) {
  const { field, hasSecret, value, onChange, control } = props;
  if (field.options) {
    return (
      <Select
        {...control}
        size="lg"
        className="w-full"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        {field.options.map(([id, label]) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </Select>
    );
  }
  if (field.long) {
    return (
      <TextArea
        {...control}
        rows={3}
        spellCheck={false}
        className="font-mono text-small"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    );
  }
  return (
    <Input
      {...control}
      {...(field.secret ? { type: "password", autoComplete: "new-password" } : { autoComplete: "off" })}
      {...(field.number ? { inputMode: "numeric", pattern: "[0-9]*", title: "A whole number" } : {})}
      mono={!field.secret}
      spellCheck={false}
      required={field.secret ? !hasSecret : field.required}
      placeholder={field.secret && hasSecret ? "Kept; write to replace it" : field.placeholder}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
