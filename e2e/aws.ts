import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** As much of an AWS account as the stories look at: no databases, and workgroups that take a limit per query. */
export async function account(): Promise<{ address: string; stop: () => void }> {
  const limits = new Map<string, number>();
  const answer = (call: string, body: string): unknown => {
    if (call.endsWith(".GetDatabases")) return { DatabaseList: [] };
    const { WorkGroup: name = "", ConfigurationUpdates: updates } = JSON.parse(body || "{}") as {
      WorkGroup?: string;
      ConfigurationUpdates?: { BytesScannedCutoffPerQuery: number };
    };
    if (call === "AmazonAthena.GetWorkGroup") {
      const Configuration = {
        BytesScannedCutoffPerQuery: limits.get(name),
        ManagedQueryResultsConfiguration: { Enabled: true },
      };
      return { WorkGroup: { Name: name, State: "ENABLED", Configuration } };
    }
    if (call === "AmazonAthena.UpdateWorkGroup" && updates) {
      limits.set(name, updates.BytesScannedCutoffPerQuery);
      return {};
    }
    return undefined;
  };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (body.includes("Action=GetCallerIdentity")) {
        response.writeHead(200, { "content-type": "text/xml" });
        return response.end(
          "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/ada</Arn><UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        );
      }
      const answered = answer(String(request.headers["x-amz-target"] ?? ""), body);
      response.writeHead(answered ? 200 : 400, { "content-type": "application/x-amz-json-1.1" });
      return response.end(JSON.stringify(answered ?? { __type: "InvalidAction" }));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => void server.close(),
  };
}
