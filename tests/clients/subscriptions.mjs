// The clients of both WebSocket protocols subscribe, are told what changes, and learn why they are refused.
import assert from "node:assert/strict";
import { createClient } from "graphql-ws";
import { SubscriptionClient } from "subscriptions-transport-ws";
import WebSocket from "ws";
import { ADMIN_SECRET, URL } from "./engine.mjs";

const ADDRESS = URL.replace("http", "ws");
const headers = { "x-hasura-admin-secret": ADMIN_SECRET };
const TITLE = { query: "subscription ($id: Int!) { article_by_pk(id: $id) { title } }", variables: { id: 2 } };
const STREAM = {
  query: "subscription { article_stream(batch_size: 2, cursor: {initial_value: {id: 0}}) { id } }",
};
const WRONG = { query: "subscription { article { nothing } }" };
const WRONG_SAYS = "field 'nothing' not found in type: 'article'";

async function rename(title) {
  const query = "mutation ($title: String!) { update_article_by_pk(pk_columns: {id: 2}, _set: {title: $title}) { id } }";
  const body = JSON.stringify({ query, variables: { title } });
  const answer = await fetch(URL, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
  assert.equal((await answer.json()).errors, undefined);
}

async function graphqlWs() {
  const closed = [];
  const client = createClient({
    url: ADDRESS, webSocketImpl: WebSocket, connectionParams: { headers }, keepAlive: 50,
    on: { closed: (event) => closed.push(event.code) },
  });
  const titles = [];
  for await (const { data } of client.iterate(TITLE)) {
    titles.push(data.article_by_pk.title);
    if (titles.length === 2) break;
    await rename("by graphql-ws");
  }
  assert.deepEqual(titles, ["Notes", "by graphql-ws"]);
  const ids = [];
  for await (const { data } of client.iterate(STREAM)) {
    ids.push(...data.article_stream.map(({ id }) => id));
    if (ids.length >= 3) break;
  }
  assert.deepEqual(ids, [1, 2, 3]);
  await assert.rejects(() => client.iterate(WRONG).next(), (errors) => errors[0].message === WRONG_SAYS);
  await client.dispose();
  assert.deepEqual(new Set(closed), new Set([1000]));
}

async function refusedSession() {
  const wrong = { headers: { "x-hasura-admin-secret": "wrong" } };
  const client = createClient({ url: ADDRESS, webSocketImpl: WebSocket, connectionParams: wrong, retryAttempts: 0 });
  await assert.rejects(() => client.iterate(TITLE).next(), (event) => event.code === 4403);
  await client.dispose();
}

async function subscriptionsTransportWs() {
  const client = new SubscriptionClient(ADDRESS, { connectionParams: { headers }, reconnect: false }, WebSocket);
  const titles = [];
  await new Promise((resolve, reject) => {
    const subscription = client.request(TITLE).subscribe({
      next: ({ data }) => {
        titles.push(data.article_by_pk.title);
        if (titles.length === 1) rename("by subscriptions-transport-ws").catch(reject);
        else resolve(subscription.unsubscribe());
      },
      error: reject,
    });
  });
  assert.deepEqual(titles, ["Notes", "by subscriptions-transport-ws"]);
  const found = await new Promise((resolve, reject) =>
    client.request({ query: "{ article_by_pk(id: 2) { title } }" }).subscribe({ next: resolve, error: reject }));
  assert.equal(found.data.article_by_pk.title, "by subscriptions-transport-ws");
  const refused = await new Promise((resolve) => client.request(WRONG).subscribe({ next: resolve, error: resolve }));
  assert.equal((refused.errors ?? [refused])[0].message, WRONG_SAYS);
  client.close();
}

for (const library of [graphqlWs, refusedSession, subscriptionsTransportWs]) {
  await rename("Notes");
  await library();
  console.log(library.name);
}
