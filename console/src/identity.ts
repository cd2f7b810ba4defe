// Who the next request comes from: what was entered, the headers it makes, and what the engine will take from them.
import type { Engine, TokenRules } from "./engine";
import { readToken, rulesFor, type Token } from "./token";

export interface Credentials {
  readonly role: string;
  readonly token: string;
  readonly secret: string;
}

export interface Identity {
  // null: the engine will refuse the request, or decides on the role in ways that the page does not know.
  readonly role: string | null;
  readonly by: string;
  readonly token: Token | null;
  // Why the engine will refuse the request.
  readonly problem?: string;
  // What was entered and counts for nothing.
  readonly note?: string;
}

const OF_A_HOOK: TokenRules = { header: "authorization", isBearer: true, namespace: null, issuer: null };

export const NOBODY: Credentials = { role: "", token: "", secret: "" };

// A token as it was copied: alone, or with its "Bearer" or quotes.
export function cleaned({ role, token, secret }: Credentials): Credentials {
  return { role: role.trim(), token: token.trim().replace(/^bearer\s+/i, "").replace(/^"(.*)"$/, "$1"), secret: secret.trim() };
}

export function headersOf({ role, token, secret }: Credentials, engine: Engine): Record<string, string> {
  const rules = engine.hook ? OF_A_HOOK : rulesFor(token, engine.tokens);
  return {
    ...(secret && { "x-hasura-admin-secret": secret }),
    ...(token && rules?.header && { [rules.header]: rules.isBearer ? `Bearer ${token}` : token }),
    ...(role && { "x-hasura-role": role }),
  };
}

export function identityOf(credentials: Credentials, engine: Engine, now: number): Identity {
  const { role, token: text, secret } = credentials;
  const rules = rulesFor(text, engine.tokens);
  const token = text ? readToken(text, rules?.namespace ?? null) : null;
  if (!engine.adminSecret) {
    return { role: role || "admin", by: "the engine has no admin secret and trusts every request", token };
  }
  if (secret) {
    const note = text ? "The admin secret decides: the token is not looked at." : undefined;
    return { role: role || "admin", by: "admin secret", token, note };
  }
  if (engine.hook) return { role: null, by: "the authentication hook decides", token };
  if (text && rules) return ofToken(token, role, rules, now);
  if (engine.unauthorizedRole) {
    const note = role && role !== engine.unauthorizedRole ? "A role counts only with a token or the admin secret." : undefined;
    return { role: engine.unauthorizedRole, by: "no token: the unauthorized role", token, note };
  }
  const wanted = rules ? "an ID token or the admin secret" : "the admin secret";
  return { role: null, by: "nobody", token, problem: `Enter ${wanted} to see the schema.` };
}

function ofToken(token: Token | null, wanted: string, rules: TokenRules, now: number): Identity {
  const by = "ID token";
  if (rules.header === null) {
    return { role: null, by, token, problem: "This engine reads tokens from a cookie, which the page cannot set." };
  }
  if (token === null) return { role: null, by, token, problem: "This is not a token: three parts with dots between them." };
  if (token.expiresAt !== null && token.expiresAt <= now) {
    return { role: null, by, token, problem: `The token expired ${span(now - token.expiresAt)} ago. Sign in again.` };
  }
  const role = wanted || token.defaultRole;
  if (role && token.roles.length > 0 && !token.roles.includes(role)) {
    return { role: null, by, token, problem: `The token allows ${token.roles.join(", ")}, not ${role}.` };
  }
  return { role, by, token };
}

// 59 → "59 s", 3600 → "60 min", 7200 → "2 h"
export function span(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} days`;
}
