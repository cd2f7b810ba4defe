// How GraphiQL's operations reach the engine: over HTTP, subscriptions over WebSocket (graphql-transport-ws).
import type { Fetcher, FetcherOpts, FetcherParams } from "@graphiql/toolkit";
import { getOperationAST, parse, type ExecutionResult } from "graphql";
import { createClient, type Client } from "graphql-ws";
import { ENDPOINT } from "./engine";

type Headers = Readonly<Record<string, string>>;

export interface Connection {
  readonly fetcher: Fetcher;
  // Ends the subscriptions that still run.
  readonly close: () => void;
}

// `told` gets the engine's words when it refuses the schema, and null when it gives it.
export function connect(headers: Headers, told: (refusal: string | null) => void): Connection {
  const clients = new Set<Client>();
  const fetcher: Fetcher = (params, opts) => {
    const all = { ...headers, ...own(opts) };
    if (isSubscription(params)) return subscribe(params, all, clients);
    const answer = post(params, all);
    if (params.operationName === "IntrospectionQuery") void answer.then((found) => told(refusal(found)), said(told));
    return answer;
  };
  return { fetcher, close: () => clients.forEach((client) => void client.dispose()) };
}

function own(opts: FetcherOpts | undefined): Headers {
  const entries = Object.entries((opts?.headers ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function isSubscription({ query, operationName }: FetcherParams): boolean {
  try {
    return getOperationAST(parse(query), operationName)?.operation === "subscription";
  } catch {
    return false;
  }
}

async function post(params: FetcherParams, headers: Headers): Promise<object> {
  const answer = await fetch(ENDPOINT, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(params),
  });
  return (await answer.json()) as object;
}

async function* subscribe(params: FetcherParams, headers: Headers, clients: Set<Client>): AsyncGenerator<ExecutionResult> {
  const address = new URL(ENDPOINT, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const client = createClient({ url: address.href, connectionParams: { headers }, retryAttempts: 0 });
  clients.add(client);
  try {
    yield* client.iterate({ ...params, operationName: params.operationName ?? undefined }) as AsyncGenerator<ExecutionResult>;
  } catch (error) {
    throw closing(error);
  } finally {
    clients.delete(client);
    await client.dispose();
  }
}

// A WebSocket that the engine closes says why in the closing itself.
function closing(error: unknown): unknown {
  if (!(error instanceof CloseEvent)) return error;
  return new Error(`The engine closed the connection: ${error.reason || "without a reason"} (${error.code})`);
}

function refusal(answer: object): string | null {
  const errors = (answer as { errors?: readonly { message: string }[] }).errors;
  return errors?.[0]?.message ?? null;
}

function said(told: (refusal: string) => void) {
  return (error: unknown) => told(error instanceof Error ? error.message : String(error));
}
