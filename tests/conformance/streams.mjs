// SPDX-License-Identifier: Apache-2.0
// Tries the event streams at {url} with the client that apps use and with plain requests, right and wrong. Prints one
// JSON object for each check: its name, and what was expected and found where the two differ.
//
// Told: url, http, token (of a resident), conference (global id).
import { readFileSync } from 'node:fs';
import { createClient } from 'graphql-sse';

const told = JSON.parse(readFileSync(0, 'utf8'));
const WATCH = 'subscription ($id: ID!) { conferenceChanges(conferenceId: $id) { __typename } }';
const PATIENCE = 8000;

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const client = (token) =>
  createClient({ url: told.url, singleConnection: false, retryAttempts: 0, headers: token ? { authorization: `Bearer ${token}` } : {} });

/** All that a client is told, and how it ended. */
function all(token, request) {
  const own = client(token);
  const heard = [];
  const over = new Promise((resolve) => {
    own.subscribe(request, {
      next: (result) => heard.push(result),
      error: (error) => resolve({ heard, error }),
      complete: () => resolve({ heard, error: null }),
    });
  });
  return within(over, 'the end of a stream').finally(() => own.dispose());
}

async function post(body, headers = {}) {
  const response = await fetch(told.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const status = response.status;
  const type = response.headers.get('content-type');
  return { status, type, text: await within(response.text(), 'a body') };
}
const status = (body, headers) => async () => (await post(body, headers)).status;
const get = async (query) => (await fetch(`${told.url}?${new URLSearchParams({ query })}`, { headers: { accept: 'text/event-stream' } })).status;

const CHECKS = [
  ['a query', 'Query', async () => (await all(null, { query: '{ __typename }' })).heard[0].data.__typename],
  ['it completes after one result', '1 null', async () => { const { heard, error } = await all(null, { query: '{ __typename }' }); return `${heard.length} ${error}`; }],
  ['a mutation', 'Mutation', async () => (await all(null, { query: 'mutation { __typename }' })).heard[0].data.__typename],
  ['a syntax error is a result', true, async () => (await all(null, { query: '{' })).heard[0].errors.length > 0],
  ['a document that is not valid is a result', true, async () => (await all(null, { query: '{ nothing }' })).heard[0].errors.length > 0],
  ['an unknown operation name is a result', true, async () => (await all(null, { query: 'query A { __typename }', operationName: 'B' })).heard[0].errors.length > 0],
  ['a subscription that is refused says why', 'NOT_ALLOWED', async () => (await all(null, { query: WATCH, variables: { id: told.conference } })).heard[0].errors[0].extensions.code],
  ['a subscription begins with a snapshot, and the client may leave', 'ConferenceSnapshot', async () => {
    const own = client(told.token);
    const source = own.iterate({ query: WATCH, variables: { id: told.conference } });
    const first = await within(source.next(), 'a snapshot');
    await source.return();
    own.dispose();
    return first.value.data.conferenceChanges.__typename;
  }],
  ['two subscriptions at once', 'ConferenceSnapshot ConferenceSnapshot', async () => {
    const own = client(told.token);
    const sources = [1, 2].map(() => own.iterate({ query: WATCH, variables: { id: told.conference } }));
    const firsts = await within(Promise.all(sources.map((source) => source.next())), 'two snapshots');
    for (const source of sources) await source.return();
    own.dispose();
    return firsts.map((first) => first.value.data.conferenceChanges.__typename).join(' ');
  }],
  ['a token that is none', 401, status({ query: '{ __typename }' }, { authorization: 'Bearer nonsense' })],
  ['the media type', 'text/event-stream; charset=utf-8', async () => (await post({ query: '{ __typename }' })).type],
  ['the events of a query', 'event: next|data: {"data":{"__typename":"Query"}}||event: complete', async () => {
    const { text } = await post({ query: '{ __typename }' });
    return text.trim().split('\n').slice(0, 4).join('|');
  }],
  ['a query by GET', 200, () => get('{ __typename }')],
  ['a mutation by GET', 405, () => get('mutation { __typename }')],
  ['no other method', 405, async () => (await fetch(told.url, { method: 'PUT' })).status],
  ['only event streams are written', 406, status({ query: '{ __typename }' }, { accept: 'image/png' })],
  ['only JSON is read', 415, status('{ __typename }', { 'content-type': 'text/plain' })],
  ['a long body is not read to its end', 413, status({ query: '{ __typename }', pad: 'x'.repeat(70_000) })],
  ...[['no JSON', '{'], ['an array', '[]'], ['a number', '3'], ['no query', '{}'], ['a query that is a number', '{"query":1}'],
    ['variables as string', '{"query":"{ __typename }","variables":"{}"}'], ['variables as array', '{"query":"{ __typename }","variables":[]}'],
    ['operationName as number', '{"query":"{ __typename }","operationName":1}'], ['extensions as string', '{"query":"{ __typename }","extensions":"x"}'],
  ].map(([name, body]) => [name, 400, status(body)]),
  ['the process is alive', 'Query', async () => {
    const response = await fetch(`${told.http}/graphql`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ __typename }"}',
    });
    return (await response.json()).data.__typename;
  }],
];

for (const [name, expected, check] of CHECKS) {
  let found;
  try {
    found = await check();
  } catch (error) {
    found = `failed: ${error.message}`;
  }
  console.log(JSON.stringify(found === expected ? { name } : { name, expected, found: found ?? null }));
}
process.exit(0);
