// Takes what Cognito put into the address, shows what it means, and asks Hasura with it. Tokens stay in this tab.

const config = JSON.parse(document.getElementById("config").textContent);
const byId = (id) => document.getElementById(id);
const KEPT = "tokens";

// What the address says: an error, a code, or tokens. The address is cleaned, so that none is copied by accident.
function arrived() {
  const given = new URLSearchParams(location.hash.slice(1) || location.search);
  history.replaceState(null, "", location.pathname);
  if (given.has("error")) return { error: given.get("error_description") || given.get("error") };
  if (given.has("code")) return { code: given.get("code") };
  if (given.has("access_token")) return { tokens: pick(Object.fromEntries(given)) };
  return {};
}

const pick = ({ id_token, access_token, refresh_token }) => ({ id_token, access_token, refresh_token });

async function exchanged(code) {
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: config.client_id,
    code,
    redirect_uri: location.origin + location.pathname,
  });
  const answer = await (await fetch(`${config.cognito_url}/oauth2/token`, { method: "POST", body: form })).json();
  if (answer.error) throw new Error(answer.error_description || answer.error);
  return pick(answer);
}

function claimsOf(token) {
  const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (each) => each.charCodeAt(0))));
}

// The claims that Hasura reads: under the namespace, as JSON or as a JSON string.
function hasuraClaims(claims) {
  const found = claims[config.claims_namespace];
  try {
    return typeof found === "string" ? JSON.parse(found) : (found ?? null);
  } catch {
    return null;
  }
}

function warnings(claims, hasura) {
  const found = [];
  if (!hasura) found.push(`There is no ${config.claims_namespace}: the Pre Token Generation function did not add it.`);
  const roles = hasura?.["x-hasura-allowed-roles"];
  const role = hasura?.["x-hasura-default-role"];
  if (hasura && !Array.isArray(roles)) found.push("x-hasura-allowed-roles is no list, so Hasura refuses the token.");
  if (Array.isArray(roles) && !roles.includes(role)) found.push("The default role is not among the allowed ones.");
  if (hasura && hasura["x-hasura-user-id"] !== claims.sub) found.push("x-hasura-user-id is not the sub.");
  return found;
}

function remaining(exp) {
  const seconds = Math.round(exp - Date.now() / 1000);
  if (seconds <= 0) return "expired: Hasura refuses it";
  return seconds >= 60 ? `in ${Math.floor(seconds / 60)} min ${seconds % 60} s` : `in ${seconds} s`;
}

function fact(name, value, { live } = {}) {
  const term = document.createElement("dt");
  const detail = document.createElement("dd");
  term.textContent = name;
  detail.textContent = live ? live() : value;
  if (live) setInterval(() => (detail.textContent = live()), 1000);
  byId("hasura").append(term, detail);
}

function showHasura(claims) {
  const hasura = hasuraClaims(claims);
  const found = warnings(claims, hasura);
  byId("warnings").hidden = !found.length;
  byId("warnings").replaceChildren(...found.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  if (hasura) {
    fact("role", hasura["x-hasura-default-role"]);
    fact("other roles", (hasura["x-hasura-allowed-roles"] ?? []).filter((each) => each !== hasura["x-hasura-default-role"]).join(", ") || "none");
    fact("user id", hasura["x-hasura-user-id"]);
    const known = ["x-hasura-default-role", "x-hasura-allowed-roles", "x-hasura-user-id"];
    for (const [name, value] of Object.entries(hasura)) if (!known.includes(name)) fact(name, String(value));
  }
  fact("email", claims.email ?? "not told");
  fact("expires", "", { live: () => remaining(claims.exp) });
  const roles = hasura?.["x-hasura-allowed-roles"] ?? [];
  byId("role").replaceChildren(...roles.map((each) => new Option(each, each, false, each === hasura["x-hasura-default-role"])));
}

const TOKENS = [
  ["id_token", "ID token", "Send this one to Hasura: Authorization: Bearer …"],
  ["access_token", "Access token", "For Cognito's own API and userInfo."],
  ["refresh_token", "Refresh token", "Sealed: only Cognito reads it."],
];

function showTokens(tokens) {
  for (const [name, title, hint] of TOKENS) {
    const token = tokens[name];
    if (!token) continue;
    const part = byId("token").content.cloneNode(true);
    part.querySelector("strong").textContent = title;
    part.querySelector("summary span").textContent = `${token.slice(0, 12)}…${token.slice(-6)}`;
    part.querySelector(".hint").textContent = hint;
    part.querySelector("pre").textContent = name === "refresh_token" ? token : JSON.stringify(claimsOf(token), null, 2);
    const said = part.querySelector("[role=status]");
    part.querySelector("button").addEventListener("click", async () => {
      await navigator.clipboard.writeText(token);
      said.textContent = "Copied.";
    });
    part.querySelector("details").open = name === "id_token";
    byId("tokens").append(part);
  }
}

async function ask(token) {
  const result = byId("result");
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  if (byId("role").value) headers["x-hasura-role"] = byId("role").value;
  result.hidden = false;
  result.textContent = "…";
  try {
    const body = JSON.stringify({ query: byId("text").value });
    const answer = await (await fetch(config.graphql_url, { method: "POST", headers, body })).json();
    result.textContent = JSON.stringify(answer, null, 2);
    result.classList.toggle("failed", Boolean(answer.errors));
  } catch (error) {
    result.textContent = `${config.graphql_url} does not answer: ${error.message}`;
    result.classList.add("failed");
  }
}

function show(tokens) {
  sessionStorage.setItem(KEPT, JSON.stringify(tokens));
  byId("signed-in").hidden = false;
  if (!tokens.id_token) {
    title("Signed in, without an ID token");
    problem("The scope openid was not asked for, so there is no ID token for Hasura.");
    showTokens(tokens);
    return;
  }
  const claims = claimsOf(tokens.id_token);
  title(`Signed in as ${claims.email ?? claims["cognito:username"]}`);
  showHasura(claims);
  showTokens(tokens);
  byId("query").addEventListener("submit", (event) => {
    event.preventDefault();
    ask(tokens.id_token);
  });
}

function title(text) {
  byId("title").textContent = text;
  document.title = `${text} · hasura-cognito`;
}

function problem(text) {
  byId("message").textContent = text;
  byId("message").hidden = false;
}

async function main() {
  for (const id of ["sign-in", "begin"]) byId(id).href = config.sign_in_url;
  byId("sign-out").href = config.sign_out_url;
  byId("sign-out").addEventListener("click", () => sessionStorage.removeItem(KEPT));
  byId("console").hidden = !config.console_url;
  if (config.console_url) byId("console").href = config.console_url;
  const given = arrived();
  if (given.error) {
    title("The sign-in failed");
    return problem(given.error);
  }
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    const tokens = given.tokens ?? (given.code ? await exchanged(given.code) : kept);
    if (tokens) return show(tokens);
    title("Nobody is signed in");
    byId("sign-in").hidden = byId("sign-out").hidden = true;
    byId("empty").hidden = false;
  } catch (error) {
    title("The sign-in failed");
    problem(error.message);
  }
}

main();
