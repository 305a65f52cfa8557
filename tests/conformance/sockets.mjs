// SPDX-License-Identifier: Apache-2.0
// Tries {url} with every way to speak graphql-transport-ws rightly and wrongly. Prints one JSON object for each
// check: its name, and what was expected and found where the two differ.
//
// Told: url, http, token (of a resident), short (a token that soon expires), conference (global id), initSeconds.
import { readFileSync } from 'node:fs';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';

const told = JSON.parse(readFileSync(0, 'utf8'));
const PROTOCOL = 'graphql-transport-ws';
const WATCH = 'subscription ($id: ID!) { conferenceChanges(conferenceId: $id) { __typename } }';
const PATIENCE = 8000;

/** Connections of the present check. */
const open = new Set();

/** One connection that remembers what came until somebody asks for it. */
class Wire {
  constructor(protocols = [PROTOCOL], options = {}) {
    this.socket = new WebSocket(told.url, protocols, options);
    open.add(this.socket);
    this.heard = [];
    this.waiting = [];
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('unexpected-response', (_, response) => reject(new Error(`HTTP ${response.statusCode}`)));
      this.socket.once('error', reject);
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => this.socket.once('close', (code) => resolve(code)));
    this.socket.on('error', () => {});
    this.socket.on('message', (data) => {
      const message = JSON.parse(data.toString());
      const next = this.waiting.shift();
      if (next) next(message);
      else this.heard.push(message);
    });
  }

  async say(...messages) {
    await this.opened;
    for (const message of messages) this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    return this;
  }

  hear() {
    if (this.heard.length) return Promise.resolve(this.heard.shift());
    const next = new Promise((resolve) => this.waiting.push(resolve));
    return within(Promise.race([next, this.closed.then((code) => ({ closed: code }))]), 'a message');
  }

  code() {
    return within(this.closed, 'the end of the connection');
  }
}

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

const init = (payload) => ({ type: 'connection_init', ...(payload === undefined ? {} : { payload }) });
const known = () => init({ authorization: `Bearer ${told.token}` });
const subscribe = (id, query, rest = {}) => ({ id, type: 'subscribe', payload: { query, ...rest } });
const watch = (id) => subscribe(id, WATCH, { variables: { id: told.conference } });

async function ready(first = init()) {
  const wire = await new Wire().say(first);
  const message = await wire.hear();
  if (message.type !== 'connection_ack') throw new Error(`no acknowledgement: ${JSON.stringify(message)}`);
  return wire;
}

/** What closes a connection that was acknowledged. */
const closes = (...messages) => async () => (await (await ready(known())).say(...messages)).code();
/** What closes a connection that was just opened. */
const closesFresh = (...messages) => async () => (await new Wire().say(...messages)).code();
/** What is answered, by the types of the messages. */
const types = (count, ...messages) => async () => {
  const wire = await (await ready(known())).say(...messages);
  const found = [];
  for (let place = 0; place < count; place += 1) found.push((await wire.hear()).type);
  return found.join(' ');
};
/** The same where the order is free. */
const inAnyOrder = (...given) => async () => (await types(...given)()).split(' ').sort().join(' ');
/** Whether a connection still answers after all this. */
const lives = (...messages) => async () => {
  const wire = await (await ready(known())).say(...messages, { type: 'ping', payload: { still: 'there' } });
  for (;;) {
    const message = await wire.hear();
    if (message.closed) return `closed ${message.closed}`;
    if (message.type === 'pong') return message.payload.still;
  }
};
/** A frame as it goes over the line, masked with zeros. */
function frame(opcode, bytes, final = true) {
  if (bytes.length > 125) throw new Error('short frames only');
  return Buffer.concat([Buffer.from([(final ? 0x80 : 0) | opcode, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}
const sendsRaw = (...frames) => async () => {
  const wire = await ready();
  for (const one of frames) wire.socket._socket.write(one);
  return wire.code();
};

const CHECKS = [
  // The handshake.
  ['the subprotocol is confirmed', PROTOCOL, async () => { const wire = await new Wire().say(); return wire.socket.protocol; }],
  ['it is chosen among others', PROTOCOL, async () => { const wire = await new Wire(['mqtt', PROTOCOL]).say(); return wire.socket.protocol; }],
  ['no subprotocol', 4406, async () => new Wire([]).code()],
  ['the legacy subprotocol graphql-ws is not confirmed', 'Server sent no subprotocol', async () => new Wire(['graphql-ws']).opened.catch((error) => error.message)],
  ['a forged origin', 'HTTP 403', async () => new Wire([PROTOCOL], { origin: 'http://evil.example' }).opened.catch((error) => error.message)],
  ['an origin that is null', 'HTTP 403', async () => new Wire([PROTOCOL], { origin: 'null' }).opened.catch((error) => error.message)],
  ['the own origin', 'connection_ack', async () => { const wire = await new Wire([PROTOCOL], { origin: told.http }).say(init()); return (await wire.hear()).type; }],

  // connection_init.
  ['init without payload', 'connection_ack', async () => (await (await new Wire().say(init())).hear()).type],
  ['init with a null payload', 'connection_ack', async () => (await (await new Wire().say(init(null))).hear()).type],
  ['init with a token', 'connection_ack', async () => (await (await new Wire().say(known())).hear()).type],
  ['init with a token that is none', 4403, closesFresh(init({ authorization: 'Bearer nonsense' }))],
  ['init with a token that is a number', 4400, closesFresh(init({ authorization: 3 }))],
  ['init with an array', 4400, closesFresh(init([]))],
  ['init with a string', 4400, closesFresh(init('token'))],
  ['init twice', 4429, closes(init())],
  ['init twice before the answer', 4429, closesFresh(init(), init())],
  ['late init', 4408, async () => (await new Wire().say()).code()],
  ['the token expires', 4403, async () => (await ready(init({ authorization: `Bearer ${told.short}` }))).code()],
  ['subscribe before init', 4401, closesFresh(subscribe('1', '{ __typename }'))],
  ['complete before init', 'connection_ack', async () => { const wire = await new Wire().say({ id: '1', type: 'complete' }, init()); return (await wire.hear()).type; }],

  // What is no message.
  ...[['no JSON', '{'], ['an empty text', ''], ['a number', '3'], ['a string', '"ping"'], ['null', 'null'], ['true', 'true'], ['an array', '[]'],
    ['an array of messages', '[{"type":"ping"}]'], ['an object without type', '{}'], ['a type that is null', '{"type":null}'],
    ['a type that is a number', '{"type":1}'], ['a type that is an array', '{"type":["ping"]}'], ['a type that is an object', '{"type":{}}'],
    ['an unknown type', '{"type":"hello"}'], ['a type of the legacy protocol', '{"type":"start","id":"1","payload":{"query":"{ __typename }"}}'],
    ['a type in capitals', '{"type":"PING"}'], ['a message of the server', '{"type":"connection_ack"}'], ['a result by the client', '{"type":"next","id":"1","payload":{}}'],
    ['deeply nested JSON', '['.repeat(20000)], ['two messages in one', '{"type":"ping"}{"type":"ping"}'],
  ].map(([name, text]) => [name, 4400, closes(text)]),

  // Ping and pong.
  ['ping', 'pong', types(1, { type: 'ping' })],
  ['ping before init', 'pong', async () => (await (await new Wire().say({ type: 'ping' })).hear()).type],
  ['ping with a payload', 'there', lives()],
  ['ping with a payload that is a string', 4400, closes({ type: 'ping', payload: 'x' })],
  ['pong that nobody asked for', 'there', lives({ type: 'pong' }, { type: 'pong', payload: {} })],
  ['pong with a payload that is an array', 4400, closes({ type: 'pong', payload: [] })],

  // What is no operation.
  ['subscribe without id', 4400, closes({ type: 'subscribe', payload: { query: '{ __typename }' } })],
  ...[['an integer', 1], ['zero', 0], ['null', null], ['empty', ''], ['an object', {}], ['an array', ['1']], ['true', true]]
    .map(([name, id]) => [`an id that is ${name}`, 4400, closes(subscribe(id, '{ __typename }'))]),
  ['subscribe without payload', 4400, closes({ id: '1', type: 'subscribe' })],
  ['a payload that is a string', 4400, closes({ id: '1', type: 'subscribe', payload: '{ __typename }' })],
  ['a payload that is an array', 4400, closes({ id: '1', type: 'subscribe', payload: [] })],
  ['no query', 4400, closes({ id: '1', type: 'subscribe', payload: {} })],
  ...[['a number', 1], ['null', null], ['an object', {}], ['an array', ['{ __typename }']]]
    .map(([name, query]) => [`a query that is ${name}`, 4400, closes(subscribe('1', query))]),
  ['variables as string', 4400, closes(subscribe('1', '{ __typename }', { variables: '{}' }))],
  ['variables as array', 4400, closes(subscribe('1', '{ __typename }', { variables: [] }))],
  ['variables as number', 4400, closes(subscribe('1', '{ __typename }', { variables: 1 }))],
  ['operationName as number', 4400, closes(subscribe('1', '{ __typename }', { operationName: 1 }))],
  ['operationName as object', 4400, closes(subscribe('1', '{ __typename }', { operationName: {} }))],
  ['extensions as string', 4400, closes(subscribe('1', '{ __typename }', { extensions: 'x' }))],
  ['extensions as array', 4400, closes(subscribe('1', '{ __typename }', { extensions: [] }))],
  ['null where something may be missing', 'next complete', types(2, subscribe('1', '{ __typename }', { variables: null, operationName: null, extensions: null }))],
  ['complete without id', 4400, closes({ type: 'complete' })],
  ['complete with an integer id', 4400, closes({ id: 1, type: 'complete' })],

  // Operations.
  ['a query', 'next complete', types(2, subscribe('1', '{ __typename }'))],
  ['a mutation', 'next complete', types(2, subscribe('1', 'mutation { __typename }'))],
  ['a subscription begins at once', 'next', types(1, watch('1'))],
  ['a syntax error leaves the connection', 'error pong', inAnyOrder(2, subscribe('1', '{'), { type: 'ping' })],
  ['a document that is not valid leaves the connection', 'error pong', inAnyOrder(2, subscribe('1', '{ nothing }'), { type: 'ping' })],
  ['an unknown operation name leaves the connection', 'error', types(1, subscribe('1', 'query A { __typename }', { operationName: 'B' }))],
  ['two operations and no name', 'error', types(1, subscribe('1', 'query A { __typename } query B { __typename }'))],
  ['a missing variable', 'error', types(1, subscribe('1', WATCH))],
  ['a subscription that is refused', 'error', async () => { const wire = await (await ready()).say(watch('1')); return (await wire.hear()).type; }],
  ['the named operation is executed', '{"chosen":"Query"}', async () => {
    const wire = await (await ready()).say(subscribe('1', 'query A { __typename } query B { chosen: __typename }', { operationName: 'B' }));
    return JSON.stringify((await wire.hear()).payload.data);
  }],
  ['an id in use', 4409, closes(watch('1'), watch('1'))],
  ['an id in use by another kind of operation', 4409, closes(watch('1'), subscribe('1', '{ __typename }'))],
  ['an id again after complete', 'next complete next complete', async () => {
    const wire = await ready();
    const found = [];
    for (let turn = 0; turn < 2; turn += 1) {
      await wire.say(subscribe('1', '{ __typename }'));
      found.push((await wire.hear()).type, (await wire.hear()).type);
    }
    return found.join(' ');
  }],
  ['an id again after error', 'error next', async () => {
    const wire = await (await ready()).say(subscribe('1', '{'));
    const found = [(await wire.hear()).type];
    await wire.say(subscribe('1', '{ __typename }'));
    return [...found, (await wire.hear()).type].join(' ');
  }],
  ['an id again after the client completed it', 'next next', async () => {
    const wire = await (await ready(known())).say(watch('1'));
    const found = [(await wire.hear()).type];
    await wire.say({ id: '1', type: 'complete' }, watch('1'));
    return [...found, (await wire.hear()).type].join(' ');
  }],
  ['complete of an unknown id is ignored', 'there', lives({ id: 'nobody', type: 'complete' })],
  ['many operations at once are told apart', '0 1 2 3 4 5 6 7 8 9', async () => {
    const wire = await ready();
    for (let id = 0; id < 10; id += 1) await wire.say(subscribe(`${id}`, '{ __typename }'));
    const found = new Set();
    for (let message = 0; message < 20; message += 1) found.add((await wire.hear()).id);
    return [...found].sort().join(' ');
  }],
  ['an id that is long', 'next', types(1, subscribe('x'.repeat(200), '{ __typename }'))],
  ['an id that is too long', 4400, closes(subscribe('x'.repeat(201), '{ __typename }'))],
  ['an id with quotes and other letters is repeated rightly', '"\\"ü\\u2028🌳"', async () => {
    const wire = await (await ready(known())).say(watch('"ü\u2028🌳'));
    return JSON.stringify((await wire.hear()).id).replace('\u2028', '\\u2028');
  }],

  // Frames.
  ['a binary frame', 4400, async () => { const wire = await ready(); wire.socket.send(Buffer.from('{"type":"ping"}')); return wire.code(); }],
  ['an oversized message', 1009, closes({ type: 'ping', payload: { pad: 'x'.repeat(70_000) } })],
  ['a text that is no UTF-8', 1007, sendsRaw(frame(1, Buffer.from([0xff, 0xfe])))],
  ['a frame of an unknown kind', 1002, sendsRaw(frame(3, Buffer.from('x')))],
  ['a continuation of nothing', 1002, sendsRaw(frame(0, Buffer.from('x')))],
  ['a message in pieces', 'pong', async () => {
    const wire = await ready();
    wire.socket._socket.write(frame(1, Buffer.from('{"type":'), false));
    wire.socket._socket.write(frame(0, Buffer.from('"ping"}')));
    return (await wire.hear()).type;
  }],
  ['a connection that is cut off', 'connection_ack', async () => {
    for (let turn = 0; turn < 8; turn += 1) (await (await ready(known())).say(watch('1'))).socket.terminate();
    return (await (await new Wire().say(init())).hear()).type;
  }],

  ['connections of one person are counted', 4429, async () => {
    let last;
    for (let turn = 0; turn < 11; turn += 1) last = await new Wire().say(known());
    return last.code();
  }],

  // The client library that most apps use.
  ['graphql-ws: a query', 'Query', async () => {
    const client = library();
    const result = await within(new Promise((resolve, reject) => {
      client.subscribe({ query: '{ __typename }' }, { next: resolve, error: reject, complete() {} });
    }), 'a result');
    await client.dispose();
    return result.data.__typename;
  }],
  ['graphql-ws: a subscription, and its end by the client', 'ConferenceSnapshot', async () => {
    const client = library({ authorization: `Bearer ${told.token}` });
    const source = client.iterate({ query: WATCH, variables: { id: told.conference } });
    const first = await within(source.next(), 'a snapshot');
    await source.return();
    await client.dispose();
    return first.value.data.conferenceChanges.__typename;
  }],
  ['graphql-ws: a token that is not accepted ends it for good', 4403, async () => {
    const client = library({ authorization: 'Bearer nonsense' });
    const error = await within(new Promise((resolve) => {
      client.subscribe({ query: '{ __typename }' }, { next: resolve, error: resolve, complete() {} });
    }), 'an error');
    return error.code;
  }],
  ['graphql-ws: its pings are answered', 'pong', async () => {
    const client = library({}, { keepAlive: 100, lazy: false });
    const heard = await within(new Promise((resolve) => client.on('pong', (received) => received && resolve('pong'))), 'a pong');
    await client.dispose();
    return heard;
  }],

  // After all of this.
  ['the process is alive', 'Query', async () => {
    const response = await fetch(`${told.http}/graphql`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ __typename }"}',
    });
    return (await response.json()).data.__typename;
  }],
];

function library(connectionParams = {}, rest = {}) {
  return createClient({ url: told.url, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0, ...rest });
}

for (const [name, expected, check] of CHECKS) {
  let found;
  try {
    found = await check();
  } catch (error) {
    found = `failed: ${error.message}`;
  }
  for (const socket of open) socket.terminate();
  open.clear();
  console.log(JSON.stringify(found === expected ? { name } : { name, expected, found: found ?? null }));
}
process.exit(0);
