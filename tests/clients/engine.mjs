// The engine that the test has started, as it says in the environment.
export const URL = process.env.ENGINE_URL;
export const ADMIN_SECRET = process.env.ENGINE_ADMIN_SECRET;
export const TOKEN = process.env.ENGINE_TOKEN;
export const ROLES = (process.env.ENGINE_ROLES ?? "").split(",");

// The unauthorized role is that of requests which bring nothing.
export const asRole = (role) =>
  role === "anonymous" ? {} : { "x-hasura-admin-secret": ADMIN_SECRET, "x-hasura-role": role };
export const withToken = { authorization: `Bearer ${TOKEN}` };

export async function ask(role, query, variables = {}) {
  const answer = await fetch(URL, {
    method: "POST",
    headers: { "content-type": "application/json", ...asRole(role) },
    body: JSON.stringify({ query, variables }),
  });
  return answer.json();
}
