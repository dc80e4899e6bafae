import { expect, test } from "vitest";
import { dropsSecret, inputOf, kindOf, shownFields, valuesOf, type Kind } from "./kinds";

const kind = (id: string): Kind => kindOf(id)!;
const names = (id: string, values: Record<string, string | boolean>) =>
  shownFields(kind(id), values).map((field) => field.name);

test("only the fields of the chosen credentials are asked for", () => {
  const s3 = valuesOf(kind("s3"));
  expect(s3["credentials"]).toBe("server");
  expect(names("s3", s3)).toEqual(["uri", "region", "endpoint", "events_queue_url", "credentials", "role_arn"]);
  expect(names("s3", { ...s3, credentials: "key" })).toContain("secret");
  expect(names("s3", { ...s3, credentials: "profile" })).not.toContain("secret");
  const vercel = names("s3", { ...s3, credentials: "vercel", role_arn: "arn:aws:iam::123456789012:role/x" });
  expect(vercel).toContain("per_person");
  expect(vercel).not.toContain("external_id");
});

test("a kept connection comes back into its form without its secret", () => {
  const values = valuesOf(kind("s3"), {
    uri: "s3://lake/x",
    region: null,
    access_key_id: "AKID",
    per_person: false,
  });
  expect(values).toMatchObject({ uri: "s3://lake/x", region: "", credentials: "key", secret: "" });
  expect(inputOf(kind("s3"), values)).not.toHaveProperty("secret");
});

test("what is not shown is taken away", () => {
  const values = {
    ...valuesOf(kind("s3"), { uri: "s3://lake/x", access_key_id: "AKID" }),
    credentials: "vercel",
    secret: "left over",
    role_arn: " arn:aws:iam::123456789012:role/x ",
    external_id: "word",
  };
  expect(dropsSecret(kind("s3"), values)).toBe(true);
  expect(inputOf(kind("s3"), values)).toEqual({
    settings: {
      uri: "s3://lake/x",
      region: null,
      endpoint: null,
      events_queue_url: null,
      profile: null,
      access_key_id: null,
      role_arn: "arn:aws:iam::123456789012:role/x",
      external_id: null,
      session_name: null,
      per_person: false,
      web_identity: "vercel",
    },
  });
});

test("a secret is sent when it was written", () => {
  const values = { ...valuesOf(kind("trino")), url: "https://t/hive", secret_kind: "password", secret: "s e" };
  expect(inputOf(kind("trino"), values)).toEqual({
    settings: { url: "https://t/hive", secret_kind: "password", ca: null },
    secret: "s e",
  });
  expect(dropsSecret(kind("trino"), { ...values, secret_kind: "" })).toBe(true);
});

test("numbers are sent as such, and what a form does not show stays out", () => {
  const values = valuesOf(kind("glue"), { region: "eu-central-1", result_reuse: 60, embedded_max_bytes: 5 });
  expect(values["result_reuse"]).toBe("60");
  const { settings } = inputOf(kind("glue"), { ...values, engine: "athena" });
  expect(settings).toMatchObject({ region: "eu-central-1", result_reuse: 60, engine: "athena", workgroup: null });
  expect(settings).not.toHaveProperty("embedded_max_bytes");
});
