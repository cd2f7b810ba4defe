// What the page knows of the engine that serves it; the engine writes it into the page.

export interface Engine {
  readonly version: string;
  // What style elements need to show to count.
  readonly styleNonce: string;
  readonly adminSecret: boolean;
  // Whether a web service says who asks, in place of tokens.
  readonly hook: boolean;
  readonly unauthorizedRole: string | null;
  // One for each kind of token that the engine takes.
  readonly tokens: readonly TokenRules[];
}

export interface TokenRules {
  // The header that carries the token; null: it is a cookie, which the page cannot set.
  readonly header: string | null;
  readonly isBearer: boolean;
  // The claim that holds the Hasura claims; null: they are spread over the token.
  readonly namespace: string | null;
  // null: any issuer's.
  readonly issuer: string | null;
}

export const ENDPOINT = "/v1/graphql";

export function readEngine(page: Document): Engine {
  return JSON.parse(page.getElementById("engine")?.textContent ?? "{}") as Engine;
}
