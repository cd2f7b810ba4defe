// What an ID token says, read without verifying it: that is the engine's.
import type { TokenRules } from "./engine";

export interface Token {
  readonly userId: string | null;
  readonly name: string | null;
  readonly roles: readonly string[];
  readonly defaultRole: string | null;
  // Seconds since 1970.
  readonly expiresAt: number | null;
  readonly issuer: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
}

// The rules that the engine will hold the token to: its issuer's own, or else the first.
export function rulesFor(text: string, rules: readonly TokenRules[]): TokenRules | null {
  const issuer = decoded(text)?.iss;
  return rules.find((each) => each.issuer === issuer) ?? rules.find((each) => each.issuer === null) ?? rules[0] ?? null;
}

type Claims = Readonly<Record<string, unknown>>;

// null: the text is no token.
export function readToken(text: string, namespace: string | null): Token | null {
  const claims = decoded(text);
  if (claims === null) return null;
  const variables = hasuraClaims(claims, namespace);
  const roles = variables["x-hasura-allowed-roles"];
  return {
    userId: textOr(variables["x-hasura-user-id"]) ?? textOr(claims.sub),
    name: textOr(claims.email) ?? textOr(claims["cognito:username"]),
    roles: Array.isArray(roles) ? roles.map(String) : [],
    defaultRole: textOr(variables["x-hasura-default-role"]),
    expiresAt: typeof claims.exp === "number" ? claims.exp : null,
    issuer: textOr(claims.iss),
    variables,
  };
}

function decoded(text: string): Claims | null {
  const [, payload, signature] = text.split(".");
  if (!payload || !signature) return null;
  try {
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (byte) => byte.charCodeAt(0));
    return object(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null;
  }
}

// The claims by lower-case name. Cognito's tokens hold them as a string of JSON.
function hasuraClaims(claims: Claims, namespace: string | null): Claims {
  const found = namespace === null ? null : claims[namespace];
  try {
    const value = object(typeof found === "string" ? JSON.parse(found) : found) ?? {};
    return Object.fromEntries(Object.entries(value).map(([name, claim]) => [name.toLowerCase(), claim]));
  } catch {
    return {};
  }
}

function object(value: unknown): Claims | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Claims) : null;
}

function textOr(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
