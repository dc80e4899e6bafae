import type { Connection, ConnectionInput } from "@/api/types";

export type Values = Readonly<Record<string, string | boolean>>;

/** One field of a form. Fields with `when` are asked for only where that holds. */
export interface FieldSpec {
  name: string;
  label: string;
  hint?: string;
  placeholder?: string;
  required?: boolean;
  /** One of these in place of free text: value and label. */
  options?: readonly (readonly [string, string])[];
  /** A box to tick. */
  tick?: boolean;
  /** Several lines. */
  long?: boolean;
  /** A whole number. */
  number?: boolean;
  /** Shares its line with the next one, where there is room. */
  half?: boolean;
  /** Goes in and never comes out. */
  secret?: boolean;
  when?: (values: Values) => boolean;
}

export interface Kind {
  id: string;
  label: string;
  fields: readonly FieldSpec[];
  /** What a form says that the API does not: which of the exclusive fields count. */
  choose?: (settings: Record<string, unknown>) => Record<string, string>;
}

const by = (choice: string) => (values: Values) => values["credentials"] === choice;
const hasRole = (values: Values) => Boolean(values["role_arn"]);

/** Whose credentials AWS is asked with: the same for every kind of AWS. */
export const AWS_FIELDS: readonly FieldSpec[] = [
  {
    name: "credentials",
    label: "Credentials",
    options: [
      ["server", "The server’s own"],
      ["key", "An access key"],
      ["profile", "A profile of the server (SSO too)"],
      ["vercel", "Vercel’s identity token"],
    ],
  },
  { name: "profile", label: "Profile", required: true, when: by("profile") },
  { name: "access_key_id", label: "Access key ID", required: true, when: by("key") },
  { name: "secret", label: "Secret access key", secret: true, when: by("key") },
  {
    name: "role_arn",
    label: "Role to take on",
    hint: "Optional, except with Vercel’s token.",
    placeholder: "arn:aws:iam::123456789012:role/lakefront",
  },
  {
    name: "external_id",
    label: "External ID",
    hint: "The word agreed on with the role’s owner.",
    when: (values) => hasRole(values) && values["credentials"] !== "vercel",
  },
  { name: "session_name", label: "Session name", hint: "Names Lakefront in CloudTrail.", when: hasRole },
  {
    name: "per_person",
    label: "Take the role on for everyone who asks, in their name",
    tick: true,
    when: hasRole,
  },
];

const EVENTS_QUEUE: FieldSpec = {
  name: "events_queue_url",
  label: "Queue that tells of new files",
  hint: "Of SQS; without it the catalog looks at intervals.",
  placeholder: "https://sqs.eu-central-1.amazonaws.com/123456789012/name",
};

const awsChoice = (settings: Record<string, unknown>): Record<string, string> => ({
  credentials: settings["profile"]
    ? "profile"
    : settings["access_key_id"]
      ? "key"
      : settings["web_identity"]
        ? "vercel"
        : "server",
});

export const KINDS: readonly Kind[] = [
  {
    id: "s3",
    label: "Amazon S3",
    choose: awsChoice,
    fields: [
      { name: "uri", label: "Place", required: true, placeholder: "s3://bucket/prefix" },
      { name: "region", label: "Region", hint: "Found if left empty.", placeholder: "eu-central-1", half: true },
      {
        name: "endpoint",
        label: "Endpoint",
        hint: "Of a store that is not AWS.",
        placeholder: "https://minio.example:9000",
        half: true,
      },
      EVENTS_QUEUE,
      ...AWS_FIELDS,
    ],
  },
  {
    id: "glue",
    label: "AWS Glue and Athena",
    choose: (settings) => ({ ...awsChoice(settings), engine: String(settings["engine"] ?? "") }),
    fields: [
      { name: "region", label: "Region", required: true, placeholder: "eu-central-1", half: true },
      { name: "workgroup", label: "Athena’s workgroup", placeholder: "primary", half: true },
      {
        name: "output",
        label: "Place for results",
        hint: "Where the workgroup does not say it.",
        placeholder: "s3://bucket/prefix/",
      },
      {
        name: "engine",
        label: "Statements run on",
        half: true,
        options: [
          ["", "Whichever is cheaper"],
          ["athena", "Athena"],
          ["embedded", "The embedded engine"],
        ],
      },
      {
        name: "result_reuse",
        label: "Reuse Athena’s results for, minutes",
        number: true,
        placeholder: "0",
        half: true,
      },
      EVENTS_QUEUE,
      ...AWS_FIELDS,
      { name: "catalog_id", label: "Another account’s number", placeholder: "123456789012", half: true },
      {
        name: "athena_catalog",
        label: "What Athena calls its catalog",
        placeholder: "AwsDataCatalog",
        half: true,
      },
    ],
  },
  {
    id: "trino",
    label: "Trino",
    choose: (settings) => ({ secret_kind: String(settings["secret_kind"] ?? "") }),
    fields: [
      { name: "url", label: "Address", required: true, placeholder: "https://user@trino.example:8443/hive" },
      {
        name: "secret_kind",
        label: "Sign-in",
        options: [
          ["", "By name only"],
          ["password", "Password"],
          ["token", "Token (JWT)"],
        ],
      },
      {
        name: "secret",
        label: "Password or token",
        hint: "Goes over https only.",
        secret: true,
        when: (values) => Boolean(values["secret_kind"]),
      },
      {
        name: "ca",
        label: "Certificates to trust",
        hint: "PEM text, besides the server’s own.",
        long: true,
      },
    ],
  },
  {
    id: "postgres",
    label: "PostgreSQL",
    fields: [
      { name: "url", label: "Address", required: true, placeholder: "postgres://user@db.example:5432/shop" },
      { name: "secret", label: "Password", hint: "Goes over TLS only, except to this machine.", secret: true },
      {
        name: "ca",
        label: "Certificates to trust",
        hint: "PEM text, besides the server’s own.",
        long: true,
      },
    ],
  },
  {
    id: "local",
    label: "Folder of the server",
    fields: [{ name: "path", label: "Folder", required: true, placeholder: "/srv/lake" }],
  },
];

export const kindOf = (id: string): Kind | undefined => KINDS.find((kind) => kind.id === id);
export const kindLabel = (id: string): string => kindOf(id)?.label ?? id;

export const shownFields = (kind: Kind, values: Values): readonly FieldSpec[] =>
  kind.fields.filter((field) => !field.when || field.when(values));

/** What a form begins with; a secret never comes back, so its field is empty. */
export function valuesOf(kind: Kind, settings: Connection["settings"] = {}): Record<string, string | boolean> {
  const values: Record<string, string | boolean> = {};
  for (const field of kind.fields) {
    const value = settings[field.name];
    const text = typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
    values[field.name] = field.tick ? value === true : text;
  }
  return { ...values, ...kind.choose?.(settings) };
}

/** What the API is sent. Fields that are not shown are taken away; an empty secret stays as it is. */
export function inputOf(kind: Kind, values: Values): Pick<ConnectionInput, "settings" | "secret"> {
  const settings: Record<string, unknown> = {};
  const shown = new Set(shownFields(kind, values).map((field) => field.name));
  for (const field of kind.fields) {
    if (field.secret || field.name === "credentials") continue;
    const value = values[field.name];
    const text = shown.has(field.name) && typeof value === "string" ? value.trim() : "";
    if (field.tick) settings[field.name] = shown.has(field.name) && value === true;
    else settings[field.name] = text === "" ? null : field.number ? Number(text) : text;
  }
  if (kind.fields.some((field) => field.name === "credentials"))
    settings["web_identity"] = values["credentials"] === "vercel" ? "vercel" : null;
  const secret = values["secret"];
  return typeof secret === "string" && secret !== "" && shown.has("secret") ? { settings, secret } : { settings };
}

/** Whether the kept secret has no place any more in what the form says. */
export const dropsSecret = (kind: Kind, values: Values): boolean =>
  !shownFields(kind, values).some((field) => field.secret);
